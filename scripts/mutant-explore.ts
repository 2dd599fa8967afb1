import { spawnSync } from 'node:child_process'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { readExploredMutants, rowOf, writeExploredMutants, type Caught } from './explored-mutants.ts'
import { readMutant, type Mutant } from './mutant.ts'

const usage = `Lets the explorer look for those mutants that are about a bare protocol.

  npm run mutants:explorer [-- [--record] [--at-most STATES] [NAME...]]

  NAME              only those whose name contains this
  --at-most STATES  only those that were found in so many
  --record          writes what is found to mutants/explorer.json

Each is explored within the bounds that mutants/explorer.json has for it, in a process of its own; and then once more
without the bug, as many states, in which nothing may be violated.

Exit codes: 0 all were found as recorded, 1 some were not.
`

/** A mutant that is not found in so many is not found. */
const maxStates = 8_000_000

/** What a process that explores one of them prints. */
type Told = Omit<Caught, 'model' | 'bounds'> | { readonly states: number }

const [first, ...rest] = process.argv.slice(2)
if (first === '--one') console.log(JSON.stringify(await one(rest[0] ?? '', rest[1])))
else process.exitCode = all(process.argv.slice(2))

function all(args: readonly string[]): number {
  const options = { record: { type: 'boolean' }, 'at-most': { type: 'string' }, help: { type: 'boolean' } } as const
  const { values, positionals: names } = parseArgs({ args: [...args], allowPositionals: true, options })
  if (values.help === true) console.log(usage)
  if (values.help === true) return 0
  const recorded = readExploredMutants()
  const most = Number(values['at-most'] ?? Infinity)
  const chosen = Object.entries(recorded.caught).filter(
    ([name, { states }]) => states <= most && (names.length === 0 || names.some((part) => name.includes(part))),
  )
  const found: Record<string, Caught> = {}
  let failed = 0
  for (const [name, was] of chosen) {
    const told = explored(name)
    const is = 'property' in told ? { ...was, ...told } : undefined
    const why = objection(values.record === true ? is : was, told, explored(name, told.states))
    if (is !== undefined) found[name] = is
    if (why !== undefined) failed++
    console.log(why === undefined ? `✓ ${rowOf(name, is ?? was).join('  ')}` : `✗ ${name}: ${why}`)
  }
  if (values.record === true) writeExploredMutants({ ...recorded, caught: { ...recorded.caught, ...found } })
  console.log(`${chosen.length - failed} of ${chosen.length} are found`)
  return failed === 0 ? 0 : 1
}

function objection(was: Caught | undefined, told: Told, control: Told): string | undefined {
  if (was === undefined || !('property' in told)) return `not found in ${told.states} states`
  if ('property' in control) return `${control.property} is violated without it, too`
  const { property, events, states } = told
  if (property === was.property && events === was.events && states === was.states) return undefined
  return `recorded are ${was.events} events, ${was.states} states, "${was.property}"; it is ${events}, ${states}, "${property}"`
}

/** With the bug; or without it, so many states. */
function explored(name: string, states?: number): Told {
  const words = [
    '-C',
    '@synod/source',
    fileURLToPath(import.meta.url),
    '--one',
    name,
    ...(states === undefined ? [] : [String(states)]),
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} could not be explored:\n${stderr}`)
  return JSON.parse(stdout) as Told
}

async function one(name: string, withoutBug: string | undefined): Promise<Told> {
  if (withoutBug === undefined) mutate(readMutant(`mutants/${name}.txt`))
  // After the hook: what it is for must not be loaded before.
  const { search } = await import('synod/explorer')
  const { ownModels } = await import('synod/testing')
  const { model: wanted = '', bounds = {} } = readExploredMutants().caught[name] ?? {}
  const model = ownModels.find(({ name: its }) => its === wanted)
  if (model === undefined) throw new Error(`mutants/explorer.json does not say in which model to look for ${name}`)
  const usual = model.parameters.map((parameter) => [parameter.name, parameter.fallback] as const)
  const space = model.space({ ...Object.fromEntries(usual), ...bounds })
  const { states, findings } = search(space, { maxStates: Number(withoutBug ?? maxStates) })
  const found = findings.find(({ kind }) => kind === 'always')
  return found === undefined ? { states } : { property: found.property, events: found.path.length, states }
}

/** Puts the bug into its module as it is loaded. */
function mutate(mutant: Mutant): void {
  const mutated = pathToFileURL(resolve(mutant.module)).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== mutated) return loaded
      const { source } = loaded
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined)
      return { ...loaded, source: text.replace(mutant.old, () => mutant.new) }
    },
  })
}
