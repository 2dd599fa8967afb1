import { expect, test } from 'vitest'
import { chaos } from './testing/chaos.ts'

// Goal: no schedule of losses, crashes and partitions breaks an invariant, and once healed every world goes on.
// Method: random worlds by seed; all invariants after every event. A failing seed is replayed by chaos(seed, 50).
test('random worlds keep every invariant, and recover', () => {
  const met: Record<string, number> = {}
  for (let seed = 1; seed <= 100; seed++) {
    try {
      const outcome = chaos(seed, 50)
      for (const [what, times] of Object.entries(outcome.met)) met[what] = (met[what] ?? 0) + times
    } catch (error) {
      throw new Error(`seed ${seed}: replay it with chaos(${seed}, 50)`, { cause: error })
    }
  }
  // Every situation that is worth testing was reached.
  for (const what of [
    'proposed',
    'read',
    'readable',
    'unreadable',
    'crash',
    'partition',
    'compaction',
    'installed',
    'transfer',
  ]) {
    expect(met[what] ?? 0, what).toBeGreaterThan(10)
  }
})

// As above, and one member's disk loses records that were durable, its last one too, or its snapshot.
test('a member whose disk is damaged does no harm, and is made whole', () => {
  const met: Record<string, number> = {}
  const seeds = 80
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const outcome = chaos(seed, 50, { damage: true })
      for (const [what, times] of Object.entries(outcome.met)) met[what] = (met[what] ?? 0) + times
    } catch (error) {
      throw new Error(`seed ${seed}: replay it with chaos(${seed}, 50, { damage: true })`, { cause: error })
    }
  }
  expect(met['records lost'] ?? 0).toBeGreaterThan(20)
  expect(met['snapshot lost'] ?? 0).toBeGreaterThan(0)
  // The others wait for a leader of a later term, which a calm world does not need.
  expect(met['whole'] ?? 0).toBeGreaterThan(seeds * 0.8)
})

// As the first, and voters and learners are added, promoted, demoted and removed, one or several at once.
test('members come and go, and every invariant is kept', () => {
  const met: Record<string, number> = {}
  for (let seed = 1; seed <= 100; seed++) {
    try {
      const outcome = chaos(seed, 60, { changes: true, damage: seed % 4 === 0 })
      for (const [what, times] of Object.entries(outcome.met)) met[what] = (met[what] ?? 0) + times
    } catch (error) {
      throw new Error(`seed ${seed}: replay it with chaos(${seed}, 60, { changes: true, damage: ${seed % 4 === 0} })`, {
        cause: error,
      })
    }
  }
  const situations = ['changed', 'joint', 'left', 'promoted', 'taken back', 'installed', 'too-early']
  for (const what of [...situations, 'pending', 'exists', 'unknown-member', 'not-learner']) {
    expect(met[what] ?? 0, what).toBeGreaterThan(5)
  }
})

test('the same seed is the same run', () => {
  const run = (): unknown => chaos(11, 30, { changes: true }).world.happenings
  expect(run()).toEqual(run())
})

test('the state is one plain object: a copy of it goes on as the original would', () => {
  const { world } = chaos(12, 30)
  for (const member of world.members.values()) {
    expect(structuredClone(member.state)).toEqual(member.state)
    member.raft.state = structuredClone(member.state)
  }
  const leader = world.leader() ?? ''
  expect(world.propose(leader, 5000)).toBe(true)
  world.run(1000)
  for (const { machine } of world.members.values()) expect(machine.commands.at(-1)).toBe(`${leader}5000`)
})
