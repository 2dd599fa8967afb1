import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { run } from '../program.ts'
import { models } from './models.ts'
import { exploreSettings } from './settings.ts'

// Goal: whoever types `synod explore` gets the number of states, what was not explored, and of a violation a file that
// shows it again. Method: the command as `bin` runs it, its words and exit codes.

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'synod-explore-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Said {
  readonly code: number
  readonly out: string
  readonly error: string
}

function synod(...words: readonly string[]): Promise<Said> {
  return command('explore', ...words)
}

async function command(...words: readonly string[]): Promise<Said> {
  const said = { out: '', error: '' }
  const listen = (stream: NodeJS.WriteStream, to: 'out' | 'error'): { mockRestore(): void } =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said[to] += String(text)
      return true
    })
  const spies = [listen(process.stdout, 'out'), listen(process.stderr, 'error')]
  try {
    return { code: await run(['node', 'synod', ...words], {}), ...said }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

function file(name: string): string {
  return join(folder, name)
}

test('the published number of states, and what was left out', async () => {
  const { code, out } = await synod('paxos-register', '--clients', '2', '--artefact', file('paxos.json'))
  expect(code).toBe(0)
  expect(out).toContain('16668 distinct states')
  expect(out).toContain('not explored: crashes')
  expect(out).toContain('nothing was violated')
})

test('a violation ends with 1, its shortest way, and a file that shows it again', async () => {
  const artefact = file('single.json')
  const { code, out } = await synod('single-copy-register', '--servers', '2', '--artefact', artefact)
  expect(code).toBe(1)
  expect(out).toContain('violated: linearizable')
  expect(out).toContain('after 4 events')
  const again = await synod('--artefact', artefact)
  expect(again.code).toBe(1)
  expect(again.out).toContain('c receives {"request":4,"type":"getOk","value":"-"} from b')
  expect(again.out).toContain('violated: linearizable')
})

test('what cannot happen any more is told', async () => {
  const artefact = file('gone.json')
  await synod('single-copy-register', '--servers', '2', '--artefact', artefact)
  writeFileSync(artefact, readFileSync(artefact, 'utf8').replace('b receives', 'b forgets'))
  const { code, out } = await synod('--artefact', artefact)
  expect(code).toBe(0)
  expect(out).toContain('This cannot happen any more: b forgets')
})

test('flp: a run that never decides is found, written and shown again', async () => {
  const artefact = file('flp.json')
  const { code, out } = await synod('flp', '--steps', '30', '--artefact', artefact)
  expect(code).toBe(0)
  expect(out).toContain('001 is bivalent')
  expect(out).toContain('nobody has crashed, and nobody has decided')
  const again = await synod('--artefact', artefact)
  expect(again.code).toBe(1)
  expect(again.out).toContain('violated: somebody has decided\n  nobody has decided')
})

describe('an artefact is replayed by `synod simulate` as well', () => {
  test('with the same words, or one JSON object', async () => {
    const artefact = file('simulated.json')
    await synod('single-copy-register', '--servers', '2', '--artefact', artefact)
    const [explored, simulated] = [
      await synod('--artefact', artefact),
      await command('simulate', '--artefact', artefact),
    ]
    expect(simulated).toEqual(explored)
    expect(simulated.code).toBe(1)
    const { code, out } = await command('simulate', '--artefact', artefact, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ model: 'single-copy-register', property: 'linearizable', stopsAt: null })
    const quiet = await command('simulate', 'single-copy-register', '--artefact', artefact, '--quiet')
    expect(quiet.out).not.toContain('c receives {"request":4')
    expect(quiet.out).toContain('violated: linearizable')
  })

  test('but not as one of another protocol, nor where a campaign is asked for', async () => {
    const artefact = file('of-single.json')
    await synod('single-copy-register', '--servers', '2', '--artefact', artefact)
    const ofRaft = await command('simulate', 'raft', '--artefact', artefact)
    expect(ofRaft).toMatchObject({ code: 2, error: expect.stringContaining('of single-copy-register, not of raft') })
    const campaign = await command('simulate', 'raft', '--seeds', '1', '--artefact', artefact)
    expect(campaign).toMatchObject({ code: 2, error: expect.stringContaining('is there already') })
  })
})

test('a file that is no artefact is not overwritten; an older one is', async () => {
  const [other, older] = [file('other.json'), file('older.json')]
  writeFileSync(other, '{"synod":"artefact"}')
  writeFileSync(older, '{\n "format": "synod exploration 1"\n}')
  const words = ['single-copy-register', '--servers', '2', '--artefact']
  expect(await synod(...words, other)).toMatchObject({ code: 2, error: expect.stringContaining('is not overwritten') })
  expect(await synod('--artefact', older)).toMatchObject({
    code: 2,
    error: expect.stringContaining('it is of version 1; this is Synod with version 2'),
  })
  expect(await synod(...words, older)).toMatchObject({ code: 1 })
  expect(await synod('--artefact', older)).toMatchObject({ code: 1 })
})

test('walks at random, and bounds on the number of states', async () => {
  const walked = await synod('raft', '--order', 'random', '--max-states', '500', '--json', '--artefact', file('r.json'))
  expect(walked.code).toBe(0)
  expect(JSON.parse(walked.out)).toMatchObject({ model: 'raft', complete: false })
  const { out } = await synod('raft', '--max-states', '500', '--artefact', file('r.json'))
  expect(out).toMatch(/not explored: what follows \d+ states that were found/)
})

test('sleep sets: the same states by fewer transitions, and a violation all the same', async () => {
  const words = ['paxos', '--proposers', '1', '--retries', '0', '--json', '--artefact', file('s.json')]
  const [all, fewer] = [await synod(...words), await synod(...words, '--sleep-sets')].map(
    ({ out }) => JSON.parse(out) as { states: number; generated: number; complete: boolean },
  )
  expect(fewer).toMatchObject({ states: all?.states, complete: true })
  expect(fewer?.generated).toBeLessThan(all?.generated ?? 0)
  const artefact = file('asleep.json')
  const { code } = await synod('single-copy-register', '--servers', '2', '--sleep-sets', '--artefact', artefact)
  expect(code).toBe(1)
  expect((await synod('--artefact', artefact)).code).toBe(1)
})

test('Ctrl-C ends it with 130 and what was seen', async () => {
  const going = synod('raft', '--crashes', '2', '--elections', '9', '--artefact', file('i.json'))
  await vi.waitFor(() => expect(process.listenerCount('SIGINT')).toBeGreaterThan(0))
  process.emit('SIGINT')
  const { code, out } = await going
  expect(code).toBe(130)
  expect(out).toMatch(/\d+ distinct states/)
  expect(out).toMatch(/not explored: what follows \d+ states that were found/)
})

test('memory that runs out is no violation: 3', async () => {
  const Narrow = new Proxy(Int32Array, {
    construct(array, [length]: [number]) {
      if (length > 65_536) throw new RangeError('Array buffer allocation failed')
      return new array(length)
    },
  })
  vi.stubGlobal('Int32Array', Narrow)
  try {
    const { code, out } = await synod('raft', '--artefact', file('m.json'))
    expect(code).toBe(3)
    expect(out).toMatch(/not explored: what follows \d+ states, for which memory ran out/)
    const walked = await synod('raft', '--order', 'random', '--artefact', file('m.json'))
    expect(walked.code).toBe(3)
    expect(walked.out).toContain('not explored: whatever the walks did not come to, for which memory ran out')
  } finally {
    vi.unstubAllGlobals()
  }
})

describe('what cannot be meant ends with 2', () => {
  test.each([
    [['paxos-regster'], 'did you mean paxos-register?'],
    [['raft', '--clients', '3'], 'raft takes no --clients: it takes --servers'],
    [['raft', '--servers', '9'], '--servers 9: raft takes 1 to 5'],
    [['chandra-toueg', '--servers', '1'], '--servers 1: chandra-toueg takes 2 to 5'],
    [
      ['ben-or', '--participants', '3', '--faults', '2'],
      'ben-or does not take these bounds together: crash faults: n > 2f',
    ],
    [
      ['paxos', '--acceptors', '3', '--accept-quorum', '5'],
      'paxos does not take these bounds together: there are enough',
    ],
    [['paxos', '--proposers', '3', '--acceptors', '2'], 'together: each proposer is one of the acceptors'],
    [['raft', '--servers', 'many'], 'Expected a whole number'],
    [['raft', '--servrs', '3'], '--servers'],
    [['raft', '--order', 'random', '--all'], '--all: walks at random'],
    [['raft', '--sleep-sets', '--order', 'breadth'], 'they are searched depth first, not with --order breadth'],
    [['raft', '--sleep-sets', '--symmetry', '1'], 'it is not known which events of raft commute'],
    [['two-phase-commit', '--sleep-sets'], 'it is not known which events of two-phase-commit commute'],
    [['ping-pong', '--sleep-sets', '--duplicating', '1'], 'it is not known which events of ping-pong commute'],
    [['flp', '--sleep-sets'], 'flp is searched in its own way'],
    [['--artefact', '/dev/null'], 'is not the artefact of an exploration'],
  ])('%j', async (words, text) => {
    const { code, error } = await synod(...words)
    expect(code).toBe(2)
    expect(error).toContain(text)
  })
})

test('every bound of every model is a flag, and the list names them', async () => {
  const flags = new Set(exploreSettings.map(({ flag }) => flag))
  const bounds = models.flatMap(({ parameters }) => parameters.map(({ name }) => `--${name}`))
  expect(bounds.filter((bound) => !flags.has(bound))).toEqual([])
  const { code, out } = await synod()
  expect(code).toBe(0)
  for (const text of [...bounds, ...models.map(({ name }) => name)]) expect(out).toContain(text)
})
