import { expect, test } from 'vitest'
import { drawPlan, shrink, type Plan, type Subject } from '../../simulator/index.ts'
import { raftSubject } from './raft-subject.ts'

type RaftSubject = typeof raftSubject

// Goal: each plan on the way to a small one is one that a replay takes: it names nobody who is not there.
// Method: a failure that needs two faults and nothing else, in a plan in which every list names everybody, and more
// than one node comes with an errand.

/** Raft, with an invariant that is broken as long as the plan has both of these faults. */
const subject: RaftSubject = {
  ...raftSubject,
  play(plan, stage) {
    const types = new Set(plan.faults.map(({ type }) => type))
    const isBroken = types.has('partition') && types.has('blackout')
    const planted = { name: 'planted', watch: () => () => (isBroken ? 'both faults are there' : undefined) }
    const play = raftSubject.play(plan, stage)
    return Object.create(play, { invariants: { value: [planted] } }) as ReturnType<Subject['play']> as ReturnType<
      RaftSubject['play']
    >
  },
}

function mentioned({ nodes, errands, faults, operations, deviations, skew }: Plan): {
  there: string[]
  named: string[]
} {
  const ends = (link: string): string[] => link.split('>')
  const named = faults.flatMap((fault) => {
    if ('node' in fault) return [fault.node]
    if ('links' in fault) return fault.links.flatMap(ends)
    return 'except' in fault ? fault.except : []
  })
  return {
    there: [...nodes, ...errands.flatMap(({ newcomers }) => newcomers.map(({ id }) => id))],
    named: [
      ...named,
      ...operations.map(({ node }) => node),
      ...deviations.flatMap(({ link }) => ends(link)),
      ...Object.keys(skew),
      ...errands.flatMap((errand) => errand.nodes),
    ],
  }
}

test('what names a node that is left out, or that came with an errand that is, is left out too', () => {
  const quiet = drawPlan(raftSubject, 3, { nodes: 3, duration: 1000, without: 'all' })
  const spell = { at: 50, for: 100 }
  const add = (id: string): unknown => ({ type: 'addVoter', id })
  const plan: Plan = {
    ...quiet,
    skew: { a: 1, b: 2, c: 3 },
    faults: [
      { type: 'partition', shape: 'random', ...spell, links: ['a>d', 'd>a', 'a>e', 'f>a', 'a>b'] },
      { type: 'blackout', ...spell, except: ['c', 'd'] },
      { type: 'stall', ...spell, node: 'd' },
      { type: 'slow', ...spell, node: 'f', turn: 1 },
    ],
    errands: [
      {
        at: 0,
        type: 'add',
        nodes: ['a', 'b'],
        newcomers: ['d', 'f'].map((id) => ({ id, after: 1 })),
        operation: add('d'),
      },
      { at: 0, type: 'add', nodes: ['d'], newcomers: [{ id: 'e', after: 1 }], operation: add('e') },
    ],
    deviations: ['a>d', 'd>e', 'b>f'].map((link) => ({ link, frame: 0, fate: 'lost' })),
  }
  let seen = 0
  const shrunk = shrink(subject, plan, 'planted', {
    progress: (smaller) => {
      seen++
      const { there, named } = mentioned(smaller)
      expect(there).toEqual(expect.arrayContaining(named))
    },
  })
  expect(seen).toBeGreaterThan(3)
  expect(shrunk?.plan).toMatchObject({ nodes: ['a', 'b'], errands: [], deviations: [] })
  const { faults } = shrunk?.plan ?? plan
  expect(faults).toHaveLength(2)
  expect(faults).toContainEqual(expect.objectContaining({ type: 'partition', links: ['a>b'] }))
  expect(faults).toContainEqual(expect.objectContaining({ type: 'blackout', except: [] }))
})
