import { describe, expect, test } from 'vitest'
import type { Invariant } from '../../core/index.ts'
import type { RaftNode } from '../../protocols/raft/index.ts'
import {
  artefactVersion,
  ArtefactUnreadable,
  drawPlan,
  readArtefact,
  shrink,
  simulate,
  sizeOf,
  writeArtefact,
  type FaultName,
  type Plan,
  type Subject,
} from '../../simulator/index.ts'
import { raftSubject } from './raft-subject.ts'
import { raftSituations } from './situations.ts'

type RaftSubject = typeof raftSubject

/** Raft with one more thing that must always be true, or with another idea of who the core is. */
function altered(invariants: readonly Invariant<RaftNode>[], core?: (ids: readonly string[]) => string[]): RaftSubject {
  return {
    ...raftSubject,
    play: (plan, stage) => {
      const play = raftSubject.play(plan, stage)
      return Object.create(play, {
        invariants: { value: [...play.invariants, ...invariants] },
        ...(core === undefined ? {} : { core: { value: core } }),
      }) as ReturnType<Subject['play']> as ReturnType<RaftSubject['play']>
    },
  }
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

describe('a swarm over Raft and its store', () => {
  // Short runs: the campaign is a command of its own. What they must have come through is asserted, too.
  const outcomes = seeds(60).map((seed) => {
    const outcome = simulate(raftSubject, drawPlan(raftSubject, seed, { duration: 20_000 }))
    return { seed, outcome }
  })

  test('breaks nothing', { timeout: 60_000 }, () => {
    expect(
      outcomes.flatMap(({ seed, outcome: { violation } }) => (violation === undefined ? [] : [{ seed, violation }])),
    ).toEqual([])
  })

  test('every fault takes effect in some run', () => {
    const fired = new Set(outcomes.flatMap(({ outcome }) => [...outcome.fired.keys()]))
    const names: Record<FaultName, true> = {
      partition: true,
      loss: true,
      duplication: true,
      corruption: true,
      reordering: true,
      latency: true,
      drift: true,
      jump: true,
      skew: true,
      slow: true,
      stall: true,
      crash: true,
      powerCut: true,
      blackout: true,
      tornWrite: true,
      lostWrite: true,
      wipe: true,
      bitFlip: true,
      misdirectedWrite: true,
      failingSync: true,
      fullDisk: true,
      stalledDisk: true,
      slowDisk: true,
    }
    expect(Object.keys(names).filter((name) => !fired.has(name as FaultName))).toEqual([])
  })

  test('every situation worth testing is reached in some run', () => {
    const reached = new Set(outcomes.flatMap(({ outcome }) => outcome.reached))
    expect(raftSituations.map(({ name }) => name).filter((name) => !reached.has(name))).toEqual([])
  })

  test('most runs end with a core that got on', () => {
    expect(outcomes.filter(({ outcome }) => outcome.progress !== undefined).length).toBeGreaterThan(45)
  })
})

describe('a plan', () => {
  const seed = 7

  test('is the same for the same seed', () => {
    expect(drawPlan(raftSubject, seed)).toEqual(drawPlan(raftSubject, seed))
  })

  test('without one kind of fault draws all others as before', () => {
    const whole = drawPlan(raftSubject, seed)
    const kinds = new Set(whole.faults.map(({ type }) => type))
    expect(kinds.size).toBeGreaterThan(2)
    for (const kind of kinds) {
      const without = drawPlan(raftSubject, seed, { without: [kind] })
      expect(without.faults).toEqual(whole.faults.filter(({ type }) => type !== kind))
      expect(without.operations).toEqual(whole.operations)
    }
  })

  test('says which of its faults never took effect', () => {
    const quiet = drawPlan(raftSubject, seed, { nodes: 3, duration: 5000, without: 'all' })
    // Nothing is ever written by the time at which the only node's disk would fail a sync.
    const fault = { type: 'failingSync', at: 4999, for: 1, node: 'a' } as const
    expect(simulate(raftSubject, { ...quiet, operations: [], faults: [fault] }).silent).toEqual(['failingSync'])
  })
})

describe('a fault', () => {
  test('that is planned for after the end of the faults never takes effect, not in the phase of liveness either', () => {
    const quiet = drawPlan(raftSubject, 7, { nodes: 3, duration: 2000, without: 'all' })
    const late = { type: 'crash', at: 2000, for: 500, node: 'a' } as const
    const outcome = simulate(raftSubject, { ...quiet, operations: [], faults: [late] })
    expect(outcome.silent).toEqual(['crash'])
    expect(outcome.progress).toBeDefined()
  })
})

describe('liveness', () => {
  test('a core that cannot get on is a violation that says who waits for what', { timeout: 30_000 }, () => {
    const quiet = drawPlan(raftSubject, 11, { nodes: 5, duration: 3000, without: 'all' })
    const plan = { ...quiet, operations: [], patience: 5000 }
    // Two of five are no quorum, and what stays outside of them is faulty: some of these plans must fail.
    const broken = seeds(20)
      .map(
        (seed) =>
          simulate(
            altered([], () => ['a', 'b']),
            { ...plan, seed },
          ).violation,
      )
      .filter((violation) => violation !== undefined)
    expect(broken.length).toBeGreaterThan(3)
    for (const { invariant, message } of broken) {
      expect(invariant).toBe('progress')
      expect(message).toMatch(/the core a, b did not get on within 5000 ms.*outside: c .*; d .*; e .*a follows/)
    }
  })
})

describe('a failing run', () => {
  /** Nobody may ever have decided ten entries and be elected after that: needs load, and an election. */
  const planted: Invariant<RaftNode> = {
    name: 'no election after ten decisions',
    watch: () => {
      let decided = 0
      const terms = new Map<number, number>()
      return ({ id, state }) => {
        decided = Math.max(decided, state.commitIndex)
        if (state.role !== 'leader' || terms.has(state.currentTerm)) return undefined
        terms.set(state.currentTerm, decided)
        return decided < 10 ? undefined : `${id} is elected in term ${state.currentTerm} after ${decided} decisions`
      }
    },
  }
  const subject = altered([planted])
  const failing = ((): Plan => {
    for (const seed of seeds(50)) {
      const plan = drawPlan(subject, seed, { nodes: 5 })
      if (simulate(subject, plan).violation?.invariant === planted.name) return plan
    }
    throw new Error('no seed breaks what was planted')
  })()
  const shrunk = shrink(subject, failing, planted.name)

  test('shrinks to a few events, and the same invariant fails', () => {
    expect(sizeOf(failing)).toBeGreaterThan(100)
    expect(shrunk?.outcome.violation.invariant).toBe(planted.name)
    expect(sizeOf(shrunk?.plan ?? failing)).toBeLessThanOrEqual(25)
  })

  test('is the same run, and reaches the same, when every invariant looks at every event', () => {
    const attentive: RaftSubject = {
      ...subject,
      play: (plan, stage) => Object.create(subject.play(plan, stage), { changed: { value: undefined } }),
    }
    const plans = [failing, ...seeds(8).map((seed) => drawPlan(subject, seed, { duration: 20_000 }))]
    for (const plan of plans) {
      const [usual, thorough] = [simulate(subject, plan), simulate(attentive, plan)]
      expect(thorough.violation).toEqual(usual.violation)
      expect(thorough.reached).toEqual(usual.reached)
      expect(thorough.trace.hash).toBe(usual.trace.hash)
    }
  })

  test('is one artefact of at most 64 kB that replays it, event by event', () => {
    if (shrunk === undefined) throw new Error('it did not shrink')
    const { plan, outcome } = shrunk
    const text = writeArtefact({ plan, violation: outcome.violation, trace: outcome.trace.hash })
    expect(text.length).toBeLessThan(64 * 1024)
    const read = readArtefact(text)
    const again = simulate(subject, read.plan)
    expect(again.violation).toEqual(outcome.violation)
    expect(again.trace.hash).toBe(read.trace)
  })

  test('an artefact of another version is refused with both versions; what is none, with what it is', () => {
    const other = JSON.stringify({ synod: 'artefact', version: artefactVersion + 1, plan: failing })
    expect(() => readArtefact(other)).toThrow(
      new RegExp(`version ${artefactVersion + 1}; this is Synod with version ${artefactVersion}`),
    )
    for (const text of ['', '{', '[]', '{"synod":"history"}', `{"synod":"artefact","version":${artefactVersion}}`])
      expect(() => readArtefact(text)).toThrow(ArtefactUnreadable)
    const broken = JSON.stringify({ synod: 'artefact', version: artefactVersion, plan: { ...failing, nodes: 3 } })
    expect(() => readArtefact(broken)).toThrow('plan.nodes should be of type array, not number')
  })
})
