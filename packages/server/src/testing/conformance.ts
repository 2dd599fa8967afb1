import { parseArgs } from 'node:util'
import { printLine } from '../cli/output.ts'
import { ClusterHome } from './replay-home.ts'
import { Replay } from './replay.ts'
import type { Verdict } from './replay.ts'
import { scenarios, transcripts } from './transcript.ts'
import type { Scenario } from './transcript.ts'

const usage = `Asks this server what a real etcd was asked, and compares the answers.

  npm run conformance [-- OPTIONS] [FILE...]

  FILE           a transcript of packages/server/testdata/etcd-api, such as kv; without one: all of them
                 (${transcripts.join(', ')})
  --scenario S   only those whose name contains this
  --help         this text

Each scenario has a cluster of its own: real members, on disks and ports of this machine, with the flags of the scenario.
A line passes if the answer is etcd's, or the one that packages/server/src/testing/deviations.ts gives a reason for. A line
is "not yet" where a method is answered with 12 or a route does not exist; and, whatever is answered instead of what was
recorded, where a line before it in its scenario was for that reason without effect. The commands of cli need etcdctl (apt-get install etcd-client).

Exit codes: 0 nothing failed, 1 something did, 2 the command is wrong.
`

/** Most of a scenario's time is spent waiting. */
const atATime = 4

interface Command {
  readonly files: readonly string[]
  readonly scenario: string
}

class WrongCommand extends Error {}

function readCommand(args: readonly string[]): Command | undefined {
  const options = { scenario: { type: 'string' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parse(args, options)
  if (values.help === true) return undefined
  for (const file of positionals) {
    if (!transcripts.some((one) => one === file))
      throw new WrongCommand(`there is no transcript ${file}: there are ${transcripts.join(', ')}`)
  }
  const { scenario = '' } = values
  const files = positionals.length === 0 ? transcripts : positionals
  if (!files.some((file) => scenarios(file).some((one) => one.scenario.includes(scenario))))
    throw new WrongCommand(`no scenario of ${files.join(', ')} is called ${scenario}`)
  return { files, scenario }
}

function parse<Options extends NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    if (error instanceof TypeError) throw new WrongCommand(error.message, { cause: error })
    throw error
  }
}

interface Played {
  readonly file: string
  readonly scenario: Scenario
  readonly verdicts: readonly Verdict[]
}

async function play(file: string, scenario: Scenario): Promise<Played> {
  const home = await ClusterHome.open(scenario)
  try {
    return { file, scenario, verdicts: await new Replay(scenario, home).run() }
  } finally {
    await home.close()
  }
}

async function playAll({ files, scenario }: Command): Promise<Played[]> {
  const waiting = files.flatMap((file) =>
    scenarios(file)
      .filter((one) => one.scenario.includes(scenario))
      .map((one) => ({ file, one })),
  )
  const played: Promise<Played>[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < waiting.length; at = next++) {
      const { file, one } = waiting[at] ?? {}
      if (file === undefined || one === undefined) return
      const under = play(file, one)
      played[at] = under
      await under
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  return Promise.all(played)
}

/** What was seen of one kind, and how often. */
function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${count} ${name}`)
}

function section(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  printLine(`${title}\n${lines.map((line) => `  ${line}`).join('\n')}\n`)
}

function report(played: readonly Played[], files: readonly string[]): boolean {
  const all = played.flatMap(({ file, scenario, verdicts }) =>
    verdicts.map((verdict) => ({ file, place: `${file}/${scenario.scenario}`, verdict })),
  )
  section(
    'Not yet:',
    counted(
      all.flatMap(({ file, verdict }) => (verdict.outcome === 'not yet' ? [`${verdict.feature} (${file})`] : [])),
    ),
  )
  section(
    'Otherwise than recorded, as it may be:',
    all.flatMap(({ place, verdict }) =>
      verdict.outcome === 'passed' && verdict.unlike !== undefined
        ? [`${place}: ${verdict.what}\n    ${verdict.unlike}`]
        : [],
    ),
  )
  section(
    'Failed:',
    all.flatMap(({ place, verdict }) =>
      verdict.outcome === 'failed' ? [`${place}: ${verdict.what}\n    ${verdict.why}`] : [],
    ),
  )
  for (const file of files) {
    const count = (outcome: Verdict['outcome']): number =>
      all.filter((one) => one.file === file && one.verdict.outcome === outcome).length
    printLine(`${file}: ${count('passed')} passed, ${count('failed')} failed, ${count('not yet')} not yet`)
  }
  return all.every(({ verdict }) => verdict.outcome !== 'failed')
}

async function main(): Promise<number> {
  try {
    const command = readCommand(process.argv.slice(2))
    if (command === undefined) {
      printLine(usage)
      return 0
    }
    return report(await playAll(command), command.files) ? 0 : 1
  } catch (error) {
    if (!(error instanceof WrongCommand)) throw error
    process.stderr.write(`${error.message}\n\n${usage}`)
    return 2
  }
}

process.exitCode = await main()
