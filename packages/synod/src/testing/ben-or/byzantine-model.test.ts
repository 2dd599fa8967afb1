import { expect, test } from 'vitest'
import { choose, seeded, type RandomState } from '../../core/index.ts'
import { search, type ModelState, type SearchReport } from '../../explorer/index.ts'
import type { BenOrState, Message } from '../../protocols/ben-or/index.ts'
import type { UnderWay } from '../hand-world.ts'
import { byzantineModel, explorableByzantineBenOr, type ByzantineBounds } from './byzantine-model.ts'
import { benOrWorld } from './worst-scheduler.ts'

// Goal: whatever one liar of six says to whom, no promise is broken; what two can do is found. Method: the production class, and all
// that it can hear, an exchange at once; and runs message by message, of which each configuration must be among those.

const small: ByzantineBounds = { ones: 2, rounds: 1, liars: 1 }

function explored(bounds: Partial<ByzantineBounds>): SearchReport {
  return search(explorableByzantineBenOr.space({ ...small, ...bounds }))
}

test('nothing is broken, whatever the liar says', () => {
  for (const ones of [0, 1, 2]) {
    const { findings, complete } = explored({ ones })
    expect(complete).toBe(true)
    expect(findings.filter(({ kind }) => kind === 'always')).toEqual([])
  }
})

test('0 and 1 are alike', () => {
  for (const ones of [0, 1, 2]) {
    const [{ states, generated }, mirrored] = [explored({ ones }), explored({ ones: 5 - ones })]
    expect({ states, generated }).toEqual({ states: mirrored.states, generated: mirrored.generated })
  }
})

test('two liars are one too many: both values are decided', () => {
  const broken = explored({ ones: 1, liars: 2 }).findings.filter(({ kind }) => kind === 'always')
  expect(broken.map(({ property }) => property)).toContain('agreement')
  expect(broken[0]?.path).toHaveLength(2)
})

test.each([1, 2])(
  'message by message nothing comes about that is not among what was explored: %i begin with 1',
  (ones) => {
    const known = configurations({ ...small, ones })
    const seen = new Set<string>()
    for (let seed = 1; seed <= 500; seed++) for (const one of configurationsOfARun(ones, seed)) seen.add(one)
    expect([...seen].filter((one) => !known.has(one))).toEqual([])
    expect(seen.size).toBeGreaterThan(40)
  },
)

/** What each of them has said and decided, whoever it is. */
function configuration(states: readonly BenOrState[]): string {
  return states
    .map(({ said, decided }) => JSON.stringify([said.map((votes) => [votes.report, votes.proposal]), decided?.value]))
    .toSorted()
    .join(' ')
}

function configurations(bounds: ByzantineBounds): ReadonlySet<string> {
  const model = byzantineModel(bounds)
  const known = new Set<string>()
  const pending: ModelState<BenOrState, null, never>[] = []
  const reach = (state: ModelState<BenOrState, null, never>): void => {
    const text = configuration(state.processes)
    if (known.has(text)) return
    known.add(text)
    pending.push(state)
  }
  for (const state of model.initial) reach(state)
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const { processes } = state
    model.actions(state, (_, { process: [which, next] = [-1, undefined] }) => {
      if (next !== undefined) reach({ ...state, processes: processes.with(which, next) })
    })
  }
  return known
}

/** As long as nobody is beyond round 1. The last of six lies, and somebody hears much and others little, as chance has it. */
function configurationsOfARun(ones: number, seed: number): string[] {
  const stream = seeded(seed)
  const world = benOrWorld(6, { f: 1, faults: 'byzantine' }, seed)
  const honest = world.ids.slice(0, 5)
  const liar = world.ids[5] ?? ''
  for (const [i, id] of world.ids.entries()) world.ask(id, (benOr) => benOr.propose(i < ones ? 1 : 0))
  const found: string[] = []
  for (;;) {
    const states = honest.map((id) => world.node(id).state)
    if (states.some(({ round }) => round > 1)) return found
    found.push(configuration(states))
    const [eager, lazy] = [world.ids[seed % 6], world.ids[(seed + 1) % 6]]
    const first = world.underWay.filter(({ to }) => to === eager)
    const rest = world.underWay.filter(({ to }) => to !== lazy)
    const some = first.length > 0 ? first : rest.length > 0 && choose(stream, 10) > 0 ? rest : world.underWay
    const one = some[choose(stream, Math.max(1, some.length))]
    if (one === undefined) return found
    if (one.from !== liar || one.to === liar) world.deliver(one)
    else {
      world.lose(one)
      const lie = lieFor(one, stream)
      if (lie !== undefined) world.ask(one.to, (benOr) => benOr.receive(lie, liar))
    }
  }
}

function lieFor({ message }: UnderWay<Message>, stream: RandomState): Message | undefined {
  const value = ([0, 1, '?', undefined] as const)[choose(stream, 4)]
  if (value === undefined || message.type === 'missing') return undefined
  if (message.type !== 'decided' && message.type !== 'report') return { ...message, value }
  return value === '?' ? undefined : { ...message, value }
}
