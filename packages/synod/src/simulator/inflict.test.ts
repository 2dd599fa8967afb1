import { describe, expect, test } from 'vitest'
import type { Fault } from './faults.ts'
import { Inflictor } from './inflict.ts'
import type { VirtualNode } from './virtual-node.ts'
import { World, type Inhabitant } from './world.ts'

/** It does nothing at all. */
const idle: Inhabitant = {
  codec: { protocol: 'none' },
  diskId: '0',
  options: { cluster: '' },
  open: () => undefined,
  alarm: () => undefined,
  flush: () => undefined,
  arrived: () => undefined,
  greeted: () => undefined,
  refused: () => undefined,
  connected: () => undefined,
  introduce: () => undefined,
}

// Goal: a node whose last write landed in a wrong place, which nothing behind it can tell yet, is not brought down, or
// what was promised would be lost without a trace. Method: such a disk, for a while or for ever.
test.each([
  ['falls once something was written behind it', 60, 3],
  ['does not fall, if nothing is until it would be up again', Infinity, 1],
])('a node with a write that nobody could miss %s', (_, until, lives) => {
  const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
  const inflictor = new Inflictor(world, 1000)
  world.start('a')
  const node = world.node('a')
  node.disk.unwitnessed = { name: 'journal-0000000001', saved: false }
  if (until < Infinity) world.schedule.at(until, () => (node.disk.unwitnessed = undefined))
  inflictor.inflict({ type: 'crash', at: 10, for: 200, node: 'a' })
  world.run(500)
  expect(node.member).toBe(idle)
  expect(node.life).toBe(lives)
})

// Goal: a run that says that a fault took effect has met it. Method: all that bring a node down, at one that does not fall
// in time, and at one that falls later.
test.each([
  ['that never falls', Infinity, 0],
  ['that falls later', 60, 1],
])('what was to bring down a node %s counts as often as it did', (_, until, times) => {
  const fallers = [
    { type: 'crash', node: 'a' },
    { type: 'powerCut', node: 'a', operations: 0 },
    { type: 'wipe', node: 'a' },
    { type: 'blackout', except: [] },
  ] as const
  for (const faller of fallers) {
    const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
    const inflictor = new Inflictor(world, 1000)
    world.start('a')
    const { disk } = world.node('a')
    disk.unwitnessed = { name: 'journal-0000000001', saved: false }
    if (until < Infinity) world.schedule.at(until, () => (disk.unwitnessed = undefined))
    inflictor.inflict({ ...faller, at: 10, for: 200 })
    world.run(500)
    expect(world.fired.get(faller.type) ?? 0, faller.type).toBe(times)
    expect(disk.suffered.has('wipe')).toBe(times === 1 && faller.type === 'wipe')
  }
})

test('what the disk cannot read takes effect when somebody reads it, and lies where something was written', () => {
  const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
  const inflictor = new Inflictor(world, 1000)
  world.start('a')
  const { disk } = world.node('a')
  disk.write('journal-1', 0, new Uint8Array(100_000))
  disk.write('journal-1', 8191, Uint8Array.of(1))
  disk.write('identity', 0, Uint8Array.of(1))
  inflictor.inflict({ type: 'unreadable', at: 10, for: 1, node: 'a', blocks: 20 })
  world.run(500)
  expect(world.fired.get('unreadable')).toBeUndefined()
  const outcomes = new Map<string, unknown>()
  const reads = { identity: ['identity', 0], written: ['journal-1', 4096], empty: ['journal-1', 8192] } as const
  for (const [what, [name, offset]] of Object.entries(reads))
    disk.read(name, offset, 92_000, (outcome) => outcomes.set(what, outcome))
  world.run(100)
  expect(outcomes.get('identity')).toEqual(Uint8Array.of(1))
  expect(outcomes.get('written')).toMatchObject({ code: 'unreadable' })
  expect(outcomes.get('empty')).toHaveLength(91_808)
  expect(world.fired.get('unreadable')).toBe(1)
})

test('a loss of power everywhere counts once', () => {
  const world = new World({ seed: 1, nodes: ['a', 'b', 'c'], member: () => idle })
  const inflictor = new Inflictor(world, 1000)
  for (const id of ['a', 'b', 'c']) world.start(id)
  inflictor.inflict({ type: 'blackout', at: 10, for: 200, except: ['b'] })
  world.run(500)
  expect(world.fired.get('blackout')).toBe(1)
})

// Goal: each of them lasts as long as it says, and the worse one counts while both hold. Method: what is to be seen at the
// node before them, in the first, in both, in the second alone, and after them.
describe('of two spells of a kind that overlap', () => {
  const [first, second] = [
    { at: 10, for: 50, node: 'a' },
    { at: 30, for: 170, node: 'a' },
  ]
  const cases: {
    name: string
    spells: readonly [Fault, Fault]
    see: (node: VirtualNode<Inhabitant>) => unknown
    seen: unknown[]
  }[] = [
    {
      name: 'slow, the slower one counts',
      spells: [
        { type: 'slow', ...first, turn: 5 },
        { type: 'slow', ...second, turn: 3 },
      ],
      see: ({ turnTime }) => turnTime,
      seen: [0, 5, 5, 3, 0],
    },
    {
      name: 'stall, neither ends the other',
      spells: [
        { type: 'stall', ...first },
        { type: 'stall', ...second },
      ],
      see: ({ stalled }) => stalled,
      seen: [false, true, true, true, false],
    },
    {
      name: 'failingSync, neither ends the other',
      spells: [
        { type: 'failingSync', ...first },
        { type: 'failingSync', ...second },
      ],
      see: ({ disk }) => disk.faults.failsSync?.('journal-1'),
      seen: [undefined, true, true, true, undefined],
    },
    {
      name: 'fullDisk, the smaller one counts',
      spells: [
        { type: 'fullDisk', ...first, spare: 100 },
        { type: 'fullDisk', ...second, spare: 200 },
      ],
      see: ({ disk }) => disk.faults.capacity,
      seen: [undefined, 100, 100, 200, undefined],
    },
    {
      name: 'slowDisk, the slower one counts',
      spells: [
        { type: 'slowDisk', ...first, syncTime: 70 },
        { type: 'slowDisk', ...second, syncTime: 20 },
      ],
      see: ({ disk }) => disk.faults.syncTime,
      seen: [undefined, 70, 70, 20, undefined],
    },
    {
      name: 'stalledDisk, the later end counts',
      spells: [
        { type: 'stalledDisk', ...first },
        { type: 'stalledDisk', ...second },
      ],
      see: ({ diskStalledUntil }) => diskStalledUntil,
      seen: [0, 60, 200, 200, 200],
    },
    {
      name: 'misdirectedWrite, each has a write of its own',
      spells: [
        { type: 'misdirectedWrite', ...first },
        { type: 'misdirectedWrite', ...second },
      ],
      see: ({ disk }) => disk.faults.misdirects?.reduce((sum, { writes }) => sum + writes, 0),
      seen: [undefined, 1, 2, 1, 0],
    },
  ]
  test.each(cases)('$name', ({ spells, see, seen }) => {
    const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
    const inflictor = new Inflictor(world, 1000)
    world.start('a')
    for (const spell of spells) inflictor.inflict(spell)
    const found = [5, 20, 40, 100, 250].map((at) => {
      world.run(at - world.now)
      return see(world.node('a'))
    })
    expect(found).toEqual(seen)
  })

  test('drift, the clock that is farther off counts', () => {
    const world = new World({ seed: 1, nodes: ['a'], member: () => idle })
    const inflictor = new Inflictor(world, 1000)
    world.start('a')
    inflictor.inflict({ type: 'drift', ...first, rate: 0.5 })
    inflictor.inflict({ type: 'drift', ...second, rate: 1.25 })
    const { clock } = world.node('a')
    const rates = [5, 20, 40, 100, 250].map((at) => {
      world.run(at - world.now)
      const before = clock.now()
      world.run(4)
      return (clock.now() - before) / 4
    })
    expect(rates).toEqual([1, 0.5, 0.5, 1.25, 1])
  })
})
