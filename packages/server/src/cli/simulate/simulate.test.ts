import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { artefactVersion, readArtefact, writeArtefact, type Artefact } from 'synod/simulator'
import { run, runHere, Running, synod, temporaryFolder, type Ended, type RunOptions } from '../../testing/processes.ts'
import { protocolNamed } from './protocols.ts'
import { planOf, type Scenario } from './scenario.ts'
import type { SimulateOptions } from './settings.ts'

// Goal: what a campaign covered is counted right, what it finds is told, kept and replayed, and nothing that goes wrong
// on the way is lost. Method: the command itself, in small worlds; its failures, over protocols that are made to fail
// (testing/faulty-protocols.ts), in processes of their own.

/** Small, and with one restart. */
const small: Scenario = {
  nodes: 3,
  duration: 4000,
  load: 5,
  faults: [
    { type: 'crash', at: 1500, for: 300, node: 'b' },
    { type: 'jump', at: 2000, node: 'a', by: 50 },
  ],
}

function folder(): string {
  const made = temporaryFolder()
  onTestFinished(() => made[Symbol.dispose]())
  return made.path
}

/** A file of that name, in a folder of its own. */
function file(name: string, text: string | Uint8Array): string {
  const path = join(folder(), name)
  writeFileSync(path, text)
  return path
}

function scenario(content: unknown): string {
  return file('scenario.json', JSON.stringify(content))
}

const faultySimulate = join(import.meta.dirname, '../../testing/faulty-simulate.ts')

/** The command over a protocol that is made to fail. */
function faulty(name: string, options: SimulateOptions, how?: RunOptions): Running {
  const args = ['-C', '@synod/source', faultySimulate, name, JSON.stringify(options)]
  const running = new Running(process.execPath, args, how)
  onTestFinished(() => running.kill())
  return running
}

/** Real Raft, of which progress is demanded sooner than anybody could make it. */
function impatient(): Artefact {
  const plan = { ...planOf(protocolNamed('raft'), 1, { ...small, faults: [] }), operations: [], patience: 1 }
  const violation = { invariant: 'progress', message: 'the core did not get on' }
  return { synod: 'artefact', version: artefactVersion, plan, violation, trace: '0'.repeat(16) }
}

describe('a campaign', () => {
  test('counts the same with one thread and with two: seeds, events, operations, faults, situations, liveness', async () => {
    const args = ['simulate', 'raft', '--seeds', '3', '--scenario', scenario(small), '--json']
    const [one, two] = await Promise.all(['1', '2'].map(async (jobs) => run([...args, '--jobs', jobs])))
    const counts = [one, two].map((ended) => {
      expect(ended?.code).toBe(0)
      const { seconds: _, hoursPerSecond: __, threads: ___, ...rest } = JSON.parse(ended?.stdout ?? '')
      return rest
    })
    expect(counts[0]).toEqual(counts[1])
    expect(counts[0]).toMatchObject({
      seeds: { run: 3, first: 1, last: 3 },
      interrupted: false,
      violation: null,
      faults: { crash: { runs: 3, fired: 3, silentRuns: 0 }, jump: { runs: 3, fired: 3, silentRuns: 0 } },
      withoutEffect: [],
      situations: { 'a restart found a log': 3, 'a hole was found in a log': 0 },
      liveness: { runs: 3 },
    })
    expect(counts[0].unreached).toContain('a hole was found in a log')
    expect(counts[0].operations.ok).toBeGreaterThan(10)
  })

  test('for people: the seeds, the faults, and the situations that were never reached', async () => {
    const idle = { type: 'loss', at: 1500, for: 300, links: ['a>b'], share: 0 }
    const tame = { ...small, faults: [...(small.faults ?? []), idle] }
    const { code, stdout, stderr } = await run([
      'simulate',
      '--seeds',
      '2',
      '--seed',
      '7',
      '--scenario',
      scenario(tame),
    ])
    expect(stderr).toMatch(/^raft: seeds 7 to 8, on \d+ threads?\n$/)
    expect(stdout).toMatch(/^raft, seeds 7 to 8: 2 runs in /)
    expect(stdout).toMatch(/^liveness: 2 runs with a core, which got on within \d+ ms \(median\)/m)
    expect(stdout).toMatch(/^loss +2 +0 +2$/m)
    expect(stdout).toContain('Configured, and never took effect: loss\n')
    expect(stdout).toMatch(/^a hole was found in a log +never$/m)
    expect(code).toBe(0)
  })

  test('goes on until so many hours are simulated', async () => {
    const args = [
      'simulate',
      '--hours',
      '0.003',
      '--scenario',
      scenario({ ...small, duration: 1000, faults: [] }),
      '--json',
    ]
    const { seeds, simulatedHours } = JSON.parse((await run(args)).stdout)
    expect(simulatedHours).toBeGreaterThanOrEqual(0.003)
    expect(seeds.run).toBeGreaterThan(1)
    expect(seeds.run).toBeLessThan(20)
  })

  test('of one seed is told in detail: faults, what clients ask and are answered, what members log', async () => {
    const args = ['simulate', '--seed', '2', '--scenario', scenario(small)]
    const [told, quiet] = await Promise.all([run(args), run([...args, '--quiet'])])
    expect(told.stdout).toMatch(/^ {2}3 nodes a, b, c, 4,000 ms, randomness of seed 2$/m)
    expect(told.stdout).toMatch(/^ {2}at 1,500\.0 ms +fault +crash of b, for 300 ms$/m)
    expect(told.stdout).toMatch(/^ {2}at +[\d.,]+ ms +client1 +asks [abc]: (put|get|delete|txn) /m)
    expect(told.stdout).toMatch(/^ {2}at +[\d.,]+ ms +client1 +is answered: ok$/m)
    expect(told.stdout).toMatch(/^ {2}at +[\d.,]+ ms +a +formatted an empty directory/m)
    expect(told.stdout).toMatch(/^Nothing was violated in [\d,]+ ms; the core ., . got on within \d+ ms\.$/m)
    expect(quiet.stdout).toMatch(/^ {2}at 1,500 ms {2}crash of b, for 300 ms$/m)
    expect(quiet.stdout).not.toMatch(/is answered|formatted/)
    expect([told.code, quiet.code]).toEqual([0, 0])
  })

  test('that is interrupted says what it covered so far', async () => {
    const running = synod(['simulate', '--hours', '100000'])
    onTestFinished(() => running.kill())
    await running.said(/on \d+ thread/)
    running.signal('SIGINT')
    const { code, stdout } = await running.ended()
    expect(stdout).toMatch(/^Interrupted\. raft, (no seed|seed)/)
    expect(stdout).toMatch(/^under way: seed \d+ for [\d.]+ s/m)
    expect(stdout).toContain('simulated hours')
    expect(code).toBe(130)
  })
})

describe('a violation', () => {
  const directory = (): RunOptions => ({ directory: folder() })

  test('is told, shrunk, written and replayed by the command that is printed', async () => {
    const place = directory()
    const { code, stdout, stderr } = await faulty('starts-once', { seeds: 3, scenario: scenario(small) }, place).ended()
    expect(code).toBe(1)
    expect(stderr).toContain('seed 1 fails: a node starts once')
    expect(stdout).toMatch(
      /^seed 1: Violated at [\d.,]+ ms, with event [\d,]+: a node starts once\n {2}b started again$/m,
    )
    expect(stdout).toMatch(/^Shrunk from \d+ events to 1, in \d+ runs and [\d.]+ s\.$/m)
    expect(stdout).toMatch(/^ {2}at [\d,]+ ms {2}crash of b, for \d+ ms$/m)
    expect(stdout).toMatch(/Replay it:\n {2}synod simulate --artefact \.\/synod-starts-once-1\.json\n$/)
    const artefact = 'synod-starts-once-1.json'
    const [again, json] = await Promise.all([
      faulty('starts-once', { artefact }, place).ended(),
      faulty('starts-once', { artefact, json: true }, place).ended(),
    ])
    expect(again.stdout).toMatch(/^ {2}at [\d.,]+ ms {2}fault {2}crash of b/m)
    expect(again.stdout).toMatch(/The run is the same, \d+ events\.\nThe same violation came: a node starts once\.\n$/)
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'same', sameRun: true })
    expect([again.code, json.code]).toEqual([1, 1])
  })

  test('of a bug that this release does not have is said to be gone', async () => {
    const place = directory()
    const file = join(place.directory ?? '', 'kept.json')
    await faulty('starts-once', { seed: 1, quiet: true, scenario: scenario(small), artefact: file }, place).ended()
    writeFileSync(file, readFileSync(file, 'utf8').replace('"protocol":"starts-once"', '"protocol":"raft"'))
    const { code, stdout } = await run(['simulate', '--artefact', file, '--quiet'])
    expect(stdout).toMatch(/crash of b[\s\S]*No violation came; the artefact has the violation of "a node starts once"/)
    expect(stdout).toContain('This code does not have the bug')
    expect(code).toBe(0)
  })

  test('of real Raft is replayed by the command itself, and another one than was expected is told apart', async () => {
    const same = impatient()
    const other = { ...same, violation: { invariant: 'election safety', message: 'two leaders' } }
    const [one, two] = await Promise.all(
      [same, other].map(async (artefact) =>
        run(['simulate', 'raft', '--artefact', file('a.json', writeArtefact(artefact))]),
      ),
    )
    expect(one?.stdout).toMatch(/did not get on within 1 ms[\s\S]*The same violation came: progress\.$/m)
    expect(one?.stdout).toContain('The run goes another way than when the artefact was written')
    expect(two?.stdout).toContain(
      'Another violation came: progress; the artefact has the violation of "election safety"',
    )
    expect([one?.code, two?.code]).toEqual([1, 1])
  })

  test('tells what an administrator asked for, of which machines, and what it was answered', async () => {
    const errand = {
      at: 500,
      nodes: ['a'],
      type: 'addVoter',
      newcomers: [{ id: 'n1', after: 10 }],
      operation: { type: 'addVoter', id: 'n1' },
    }
    const crash = { type: 'crash', at: 900, for: 10, node: 'n1' } as const
    const artefact = impatient()
    const plan = { ...artefact.plan, errands: [errand], faults: [crash] }
    const place = file('a.json', writeArtefact({ ...artefact, plan }))
    const { stdout } = await run(['simulate', '--artefact', place])
    expect(stdout).toMatch(/administrator +asks a: add n1 as a voter; n1 is a new machine, on 10 ms later$/m)
    expect(stdout).toMatch(/administrator +is answered by a: (ok|rejected|unknown)$/m)
    expect(stdout).toMatch(/fault +crash of n1, for 10 ms$/m)
  })

  test('for machines is one JSON object, with the artefact and the command', async () => {
    const place = directory()
    const options = { seeds: 2, json: true, scenario: scenario(small), artefact: 'kept.json' }
    const { code, stdout } = await faulty('starts-once', options, place).ended()
    expect(JSON.parse(stdout).violation).toMatchObject({
      seed: 1,
      invariant: 'a node starts once',
      shrunk: { to: 1 },
      smallest: { events: 1 },
      artefact: 'kept.json',
      replay: 'synod simulate --artefact kept.json',
    })
    expect(readArtefact(readFileSync(join(place.directory ?? '', 'kept.json'), 'utf8')).plan.faults).toHaveLength(1)
    expect(code).toBe(1)
  })

  test('is kept as small as it is when Ctrl-C ends the shrinking', async () => {
    const place = directory()
    const running = faulty('starts-once', { seeds: 1 }, place)
    await running.said(/seed 1 fails/)
    running.signal('SIGINT')
    const { code, stdout } = await running.ended()
    expect(stdout).toMatch(/^Shrunk from [\d,]+ events to [\d,]+, in /m)
    expect(stdout).toContain('Written to ./synod-starts-once-1.json')
    const { violation } = readArtefact(readFileSync(join(place.directory ?? '', 'synod-starts-once-1.json'), 'utf8'))
    expect(violation?.invariant).toBe('a node starts once')
    expect(code).toBe(1)
  })

  test('whose usual place is taken by something else is told, and is replayed by its seed', async () => {
    const place = directory()
    const taken = join(place.directory ?? '', 'synod-starts-once-1.json')
    writeFileSync(taken, 'mine')
    const options = { seeds: 1, scenario: scenario(small) }
    const { code, stdout } = await faulty('starts-once', options, place).ended()
    expect(stdout).toContain('Not written: ./synod-starts-once-1.json is not overwritten, because it is no artefact')
    expect(stdout).toMatch(/synod simulate starts-once --seed 1 --scenario \S+\n$/)
    expect(readFileSync(taken, 'utf8')).toBe('mine')
    expect(code).toBe(1)
  })

  test('a thread that dies is no seed survived', async () => {
    const place = directory()
    const { code, stdout } = await faulty('dies', { seeds: 3, jobs: 1, scenario: scenario(small) }, place).ended()
    expect(stdout).toMatch(/^seed 2: its thread died with it\n {2}it ended with code 7$/m)
    expect(stdout).toMatch(/^dies, seed 1: 1 run /m)
    expect(stdout).toMatch(/synod simulate dies --seed 2 --scenario \S+\n$/)
    expect(existsSync(join(place.directory ?? '', 'synod-dies-2.json'))).toBe(false)
    expect(code).toBe(1)
  })
})

test('a run that never ends is ended, and told', async () => {
  const { code, stdout } = await faulty('hangs', { seeds: 1, scenario: scenario(small) }).ended()
  expect(stdout).toMatch(/^seed 1: its thread died with it\n {2}nothing has happened in it for 2 s: it hangs$/m)
  expect(stdout).toMatch(/synod simulate hangs --seed 1 --scenario \S+\n$/)
  expect(code).toBe(1)
})

describe('what is wrong is said, and nothing is simulated', () => {
  const raftArtefact = (): string => file('raft.json', writeArtefact(impatient()))
  const changed = (change: (text: string) => string): string => file('x.json', change(writeArtefact(impatient())))
  const wrong: { name: string; args: () => string[]; says: RegExp }[] = [
    { name: 'an unknown protocol', args: () => ['rafft'], says: /"rafft" is unknown: did you mean raft\?/ },
    {
      name: 'a file that is not there',
      args: () => ['./zab.ts'],
      says: /zab\.ts is not there: expected the module of a/,
    },
    {
      name: 'a module without a protocol',
      args: () => [file('x.mjs', 'export const subject = {}')],
      says: /x\.mjs exports no protocol: expected `export const subject = describeProtocol/,
    },
    {
      name: 'a module that is broken',
      args: () => [file('x.mjs', 'throw new Error("oh")')],
      says: /cannot be loaded: oh/,
    },
    {
      name: 'a protocol whose name no file could have',
      args: () => [
        file(
          'x.mjs',
          `export const subject = { name: '../x', play, operation: play, settings: play, sizes: [] }\nfunction play() {}`,
        ),
      ],
      says: /the name of its protocol, "\.\.\/x", must consist of/,
    },
    { name: 'a number that is none', args: () => ['--seeds', 'many'], says: /--seeds.*whole number/ },
    { name: 'hours that are none', args: () => ['--hours', '0'], says: /--hours.*a number above 0/ },
    { name: 'an unknown flag', args: () => ['--sede', '1'], says: /unknown option '--sede'[\s\S]*--seed/ },
    {
      name: 'an artefact that is not there',
      args: () => ['--artefact', '/nowhere/x'],
      says: /\/nowhere\/x cannot be read/,
    },
    {
      name: 'an artefact that is none',
      args: () => ['--artefact', file('x.json', '{}')],
      says: /x\.json cannot be replayed: no artefact/,
    },
    {
      name: 'an artefact that is no UTF-8',
      args: () => ['--artefact', file('x.json', Buffer.from('{"synod":"ä"}', 'latin1'))],
      says: /x\.json: line 1: expected UTF-8, found the byte 0xe4 at offset 10 of the file/,
    },
    {
      name: 'a scenario that is no UTF-8',
      args: () => ['--scenario', file('x.json', Buffer.from('\n\n{"nodes":"ä"}', 'latin1'))],
      says: /x\.json: line 3: expected UTF-8, found the byte 0xe4 at offset 12 of the file/,
    },
    {
      name: 'an artefact of another protocol',
      args: () => ['--artefact', changed((text) => text.replace('"raft"', '"zab"'))],
      says: /"zab" is unknown/,
    },
    {
      name: 'an artefact with a fault that cannot happen',
      args: () => ['--artefact', changed((text) => text.replace('"faults":[]', '"faults":[{"type":"quake"}]'))],
      says: /plan\.faults\[0\]\.type: expected one of partition, .*not "quake"/,
    },
    {
      name: 'an artefact with an errand that lacks something',
      args: () => ['--artefact', changed((text) => text.replace('"errands":[]', '"errands":[{"at":1}]'))],
      says: /plan\.errands\[0\]\.nodes is missing/,
    },
    {
      name: 'an artefact with a time that no clock has',
      args: () => ['--artefact', changed((text) => text.replace('"duration":4000', '"duration":1e300'))],
      says: /plan\.duration: expected a number from 1 to/,
    },
    {
      name: 'an artefact with settings with which nothing goes on',
      args: () => ['--artefact', changed((text) => text.replace('"retry":250', '"retry":0'))],
      says: /plan\.settings\.member\.retry: expected a number above 0/,
    },
    {
      name: 'an artefact with no latency',
      args: () => ['--artefact', changed((text) => text.replace('"latency":{', '"latency":null,"x":{'))],
      says: /plan\.x is unknown/,
    },
    {
      name: 'an artefact with no nodes',
      args: () => ['--artefact', changed((text) => text.replace('"nodes":["a","b","c"]', '"nodes":[]'))],
      says: /plan\.nodes: expected nodes, each of them once/,
    },
    {
      name: 'an artefact with an operation that is none',
      args: () => [
        '--artefact',
        changed((text) =>
          text.replace('"operations":[]', '"operations":[{"at":1,"client":"c","node":"a","operation":null}]'),
        ),
      ],
      says: /operations\[0\]\.operation: expected an operation of raft/,
    },
    {
      name: 'an artefact with an operation on a node that is not there',
      args: () => [
        '--artefact',
        changed((text) =>
          text.replace(
            '"operations":[]',
            '"operations":[{"at":1,"client":"c","node":"x","operation":{"type":"get","key":"a"}}]',
          ),
        ),
      ],
      says: /operations\[0\]\.node: expected one of a, b, c/,
    },
    {
      name: 'an artefact with a fate that there is not',
      args: () => [
        '--artefact',
        changed((text) => text.replace('"deviations":[]', '"deviations":[{"link":"a>b","frame":1,"fate":"late"}]')),
      ],
      says: /deviations\[0\]\.fate: expected one of lost, doubled, damaged/,
    },
    {
      name: 'an artefact with a violation that is none',
      args: () => ['--artefact', changed((text) => text.replace('"violation":{', '"violation":null,"x":{'))],
      says: /violation should have an invariant and a message/,
    },
    {
      name: 'an artefact with an errand that is none',
      args: () => [
        '--artefact',
        changed((text) =>
          text.replace(
            '"errands":[]',
            '"errands":[{"at":1,"nodes":["a"],"type":"add","newcomers":[],"operation":null}]',
          ),
        ),
      ],
      says: /errands\[0\]\.operation: expected an errand of raft/,
    },
    {
      name: 'an artefact with an errand of a type that there is not',
      args: () => [
        '--artefact',
        changed((text) =>
          text.replace(
            '"errands":[]',
            '"errands":[{"at":1,"nodes":["a"],"type":"add","newcomers":[],"operation":{"type":"frobnicate"}}]',
          ),
        ),
      ],
      says: /errands\[0\]\.operation: expected an errand of raft/,
    },
    {
      name: 'an artefact with a newcomer whose name no node has',
      args: () => [
        '--artefact',
        changed((text) =>
          text.replace(
            '"errands":[]',
            '"errands":[{"at":1,"nodes":["a"],"type":"add","newcomers":[{"id":"constructor","after":1}],"operation":{"type":"addVoter","id":"constructor"}}]',
          ),
        ),
      ],
      says: /newcomers\[0\]\.id: expected the name of a node/,
    },
    {
      name: 'a scenario with settings that the protocol refuses',
      args: () => ['--scenario', scenario({ settings: { raft: { electionTimeoutMin: 1, heartbeatInterval: 500 } } })],
      says: /settings: expected settings with which raft starts \(/,
    },
    {
      name: 'a place that something has that is no text',
      args: () => ['--seeds', '1', '--artefact', file('photo.png', Uint8Array.of(0x89, 0x50))],
      says: /photo\.png is there already: with --seeds, --artefact says where to write/,
    },
    {
      name: 'a place that something else has',
      args: () => ['--seeds', '1', '--artefact', file('notes.txt', 'mine')],
      says: /notes\.txt is there already: with --seeds, --artefact says where to write/,
    },
    {
      name: 'a place that there is not',
      args: () => ['--seeds', '1', '--artefact', '/nowhere/x.json'],
      says: /\/nowhere\/x\.json cannot be written/,
    },
    { name: 'a scenario that is no JSON', args: () => ['--scenario', file('s', '{')], says: /is not JSON/ },
  ]
  for (const { name, args, says } of wrong) {
    test(name, async () => expectUsage(await runHere(['simulate', ...args()]), says))
  }

  test('an artefact that is named with a campaign is not overwritten, whatever the campaign is', async () => {
    const path = raftArtefact()
    const before = readFileSync(path, 'utf8')
    const campaigns = [
      ['--seeds', '1'],
      ['--seed', '1'],
      ['--hours', '1'],
      ['--scenario', scenario(small)],
    ]
    for (const [flag = '', value = ''] of campaigns) {
      const ended = await runHere(['simulate', 'raft', flag, value, '--artefact', path])
      expectUsage(ended, new RegExp(`raft\\.json is there already: with ${flag}, .* To replay it, leave out ${flag};`))
    }
    expect(readFileSync(path, 'utf8')).toBe(before)
  })
})

function expectUsage({ code, stderr }: Ended, says: RegExp): void {
  expect(stderr).toMatch(says)
  expect(code).toBe(2)
}
