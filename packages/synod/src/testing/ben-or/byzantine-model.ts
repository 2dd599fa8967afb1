import { ModelSpace, type Explorable, type Model, type ModelState } from '../../explorer/index.ts'
import {
  BenOr,
  benOrInvariants,
  defaultBenOrOptions,
  initialState,
  thresholdsOf,
  type BenOrState,
  type Bit,
  type ByNode,
  type Choice,
  type Decided,
  type Vote,
} from '../../protocols/ben-or/index.ts'
import { inOneSituation } from '../in-one-situation.ts'

// Ben-Or's algorithm with liars, in its smallest case: six participants, of whom one may say anything to anybody at any time. One
// message after the other, that is far too much to explore. But a participant does nothing until it has enough votes, and that it
// has heard some of them earlier makes no difference to anybody: so here it hears a whole exchange at once, in every composition
// that is possible. Whose votes they are makes none either: so only how many there are for each value is chosen.

const ids = ['a', 'b', 'c', 'd', 'e', 'f']
const f = 1
const options = { ...defaultBenOrOptions, faults: 'byzantine', f } as const
const { enough } = thresholdsOf(options, ids.length)

export interface ByzantineBounds {
  /** So many of those who do not lie begin with 1, the others with 0. */
  readonly ones: number
  /** Nobody enters a later one. */
  readonly rounds: number
  /** More than one, and nothing is promised. */
  readonly liars: number
}

/**
 * One of those who do not lie, between two of its steps. What it has heard is forgotten, for it may hear it again. That allows
 * more, and nothing less: a liar may change its mind, and a restart is among what happens, since it forgets just that.
 */
type State = ModelState<BenOrState, null, never>

/** What one of them hears at once: of an exchange, or that others have decided. */
type Hearing =
  | { readonly type: 'votes'; readonly votes: readonly Choice[]; readonly words: readonly Decided[] }
  | { readonly type: 'words'; readonly words: readonly Decided[] }

/** All that it may hear, and what it depends on. */
interface Around {
  /** Of each value, how many have voted for it in the exchange that it waits for. */
  readonly said: readonly number[]
  readonly decided: readonly Decided[]
}

/** What it does, in words, and what becomes of it. */
type Step = readonly [text: string, next: BenOrState]

/** The production class, which is shown what it hears. */
export function byzantineModel(bounds: ByzantineBounds): Model<BenOrState, null, never> {
  const { ones, liars } = bounds
  const honest = ids.slice(0, ids.length - liars)
  const processes = honest.map((_, i) => asked(i < ones ? 1 : 0))
  // It is shown the same again and again, in some hundred states each time.
  const known = new WeakMap<BenOrState, Map<string, readonly Step[]>>()
  const stepsOf = (process: BenOrState, around: Around): readonly Step[] => {
    const all = known.get(process) ?? new Map<string, readonly Step[]>()
    const key = JSON.stringify(around)
    const steps = all.get(key) ?? allSteps(process, around, bounds)
    known.set(process, all.set(key, steps))
    return steps
  }
  return {
    initial: [{ processes, shared: null, messages: [] }],
    actions(state, take) {
      for (const [i, process] of state.processes.entries()) {
        if (process.decided !== undefined) continue
        for (const [text, next] of stepsOf(process, aroundOf(process, state)))
          take(`${ids[i] ?? ''} ${text}`, { process: [i, next] })
      }
    },
    properties: [
      { kind: 'always', name: 'agreement', broken: disagreement },
      {
        kind: 'always',
        name: 'validity: where all begin with a value it is decided, in round 1',
        broken: (state) => (ones > 0 && ones < honest.length ? undefined : late(state, ones > 0 ? 1 : 0)),
      },
      ...benOrInvariants
        .filter(({ name }) => situational.has(name))
        .map((invariant) => {
          const { kind, name, broken } = inOneSituation<BenOrState, null>(invariant)
          return { kind, name, broken: (state: State) => broken({ nodes: nodesOf(state), history: null }) }
        }),
      { kind: 'sometimes', name: '0 is decided', seen: (state) => valuesOf(state).has(0) },
      { kind: 'sometimes', name: '1 is decided', seen: (state) => valuesOf(state).has(1) },
      { kind: 'sometimes', name: 'a second round', seen: (state) => state.processes.some(({ round }) => round > 1) },
      { kind: 'sometimes', name: 'all have decided', seen: (state) => state.processes.every(({ decided }) => decided) },
    ],
  }
}

function allSteps(process: BenOrState, around: Around, bounds: ByzantineBounds): Step[] {
  return [...exchanges(process, around, bounds), ...decisions(around, bounds)].flatMap((hearing) =>
    outcomes(process, hearing)
      .filter(({ round }) => round <= bounds.rounds)
      .map((next): Step => [inWords(process, hearing, next), next]),
  )
}

// What may be heard

function valuesIn({ waitsFor }: BenOrState): readonly Choice[] {
  return waitsFor === 'report' ? [0, 1] : [0, 1, '?']
}

function aroundOf(process: BenOrState, { processes }: State): Around {
  const votes = processes.map(({ said }) => said[process.round - 1]?.[process.waitsFor])
  return {
    said: valuesIn(process).map((value) => votes.filter((vote) => vote === value).length),
    decided: processes
      .flatMap(({ decided }) => decided ?? [])
      .toSorted((a, b) => a.value - b.value || a.round - b.round),
  }
}

/**
 * Enough votes of the exchange that it waits for, or more: some may have come before it waited for them. Words stand for votes,
 * but f + 1 equal ones would have decided.
 */
function exchanges(process: BenOrState, { said, decided }: Around, { liars }: ByzantineBounds): Hearing[] {
  const values = valuesIn(process)
  const words = values.map((value) =>
    decided.filter((word) => word.value === value && word.round < process.round).slice(0, f),
  )
  const there = said.map((count, i) => count + (words[i]?.length ?? 0))
  return counts(there.map((count) => count + liars)).flatMap((heard): Hearing[] => {
    const total = sum(heard)
    const lies = sum(heard.map((count, i) => Math.max(0, count - (there[i] ?? 0))))
    if (total < enough || total > ids.length || lies > liars) return []
    const taken = words.map((some, i) => some.slice(0, heard[i]))
    const votes = values.flatMap((value, i) => repeated(value, (heard[i] ?? 0) - (taken[i]?.length ?? 0)))
    return [{ type: 'votes', votes, words: taken.flat() }]
  })
}

/** f + 1 that one value is decided: a liar says so in whatever round it likes. What comes of it is the later round. */
function decisions({ decided }: Around, { liars, rounds }: ByzantineBounds): Hearing[] {
  const any = Array.from({ length: rounds + 1 }, (_, i) => i + 1)
  return ([0, 1] as const).flatMap((value) => {
    const told = decided.filter((word) => word.value === value).map(({ round }) => round)
    const pairs = told.flatMap((round, i) =>
      [...told.slice(i + 1), ...(liars > 0 ? any : [])].map((other) => [round, other]),
    )
    if (liars > f) pairs.push(...any.map((round) => [round, round]))
    const distinct = new Map(pairs.map((pair) => [Math.max(...pair), pair]))
    return [...distinct.values()].map((pair): Hearing => ({
      type: 'words',
      words: pair.map((round) => ({ type: 'decided', round, value })),
    }))
  })
}

/** All choices of so many of each at most. */
function counts(most: readonly number[]): number[][] {
  const [first, ...rest] = most
  if (first === undefined) return [[]]
  return Array.from({ length: first + 1 }, (_, count) => counts(rest).map((others) => [count].concat(others))).flat()
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

function repeated<T>(value: T, times: number): T[] {
  return Array.from({ length: times }, () => value)
}

// What comes of it

function asked(first: Bit): BenOrState {
  return after(initialState(), 0, (benOr) => benOr.propose(first)).state
}

/** One, or one for each side on which its coin falls. */
function outcomes(process: BenOrState, hearing: Hearing): BenOrState[] {
  const [zero, one] = [shown(process, hearing, 0), shown(process, hearing, 1)]
  return zero.tossed ? [zero.state, one.state] : [zero.state]
}

function shown(process: BenOrState, hearing: Hearing, coin: Bit): { state: BenOrState; tossed: boolean } {
  if (hearing.type === 'words')
    return after(process, coin, (benOr) => {
      for (const [i, word] of hearing.words.entries()) benOr.receive(word, ids[i] ?? '')
    })
  const { round, waitsFor } = process
  const deciders: ByNode<Decided> = {}
  for (const [i, word] of hearing.words.entries()) deciders[ids[i] ?? ''] = word
  const votes = hearing.votes.map((value, i): [string, Choice] => [ids[hearing.words.length + i] ?? '', value])
  const [[from, value] = ['', '?' as const], ...before] = votes
  const exchange = { report: {}, proposal: {}, confirmation: {}, [waitsFor]: Object.fromEntries(before) }
  const last: Vote = { type: waitsFor, round, value }
  return after({ ...process, heard: [{ round, ...exchange }], deciders }, coin, (benOr) => benOr.receive(last, from))
}

function after(
  before: BenOrState,
  coin: Bit,
  act: (benOr: BenOr) => void,
): { readonly state: BenOrState; readonly tossed: boolean } {
  let tossed = false
  const nothing = (): void => undefined
  const benOr = new BenOr(
    {
      self: ids[0] ?? '',
      persist: nothing,
      send: nothing,
      sendAhead: nothing,
      setTimer: nothing,
      clearTimer: nothing,
      decide: nothing,
      choose: () => {
        tossed = true
        return coin
      },
    },
    ids,
    options,
  )
  // Its handlers change what they find.
  benOr.state = { ...before, said: [...before.said], deciders: { ...before.deciders } }
  act(benOr)
  return { state: { ...benOr.state, heard: [], deciders: {} }, tossed }
}

function inWords({ round, waitsFor }: BenOrState, hearing: Hearing, next: BenOrState): string {
  const { said, decided } = next
  const [votes = [], words] = hearing.type === 'votes' ? [hearing.votes, hearing.words] : [undefined, hearing.words]
  const told = words.map((word) => `${word.value} decided in round ${word.round}`)
  const what = [votes.length === 0 ? '' : `${waitsFor} ${round}: ${votes.join(' ')}`, ...told]
    .filter(Boolean)
    .join(', ')
  if (decided !== undefined) return `hears ${what}, and decides ${decided.value}`
  const { proposal, report } = said.at(-1) ?? {}
  return proposal === undefined
    ? `hears ${what}, and reports ${String(report)}`
    : `hears ${what}, and proposes ${proposal}`
}

// What must hold

/** They say something about participants beside each other. */
const situational: ReadonlySet<string> = new Set(['one value is proposed a round', 'a decision locks its value'])

function nodesOf({ processes }: State): { id: string; up: boolean; state: BenOrState; durable: BenOrState }[] {
  return processes.map((state, i) => ({ id: ids[i] ?? '', up: true, state, durable: state }))
}

function valuesOf({ processes }: State): ReadonlySet<Bit> {
  return new Set(processes.flatMap(({ decided }) => (decided === undefined ? [] : [decided.value])))
}

function disagreement(state: State): string | undefined {
  return valuesOf(state).size > 1 ? '0 and 1 are both decided' : undefined
}

function late({ processes }: State, value: Bit): string | undefined {
  const one = processes.findIndex(
    ({ round, decided }) => round > 1 || (decided !== undefined && decided.value !== value),
  )
  return one < 0 ? undefined : `${ids[one] ?? ''} has not decided ${value} in round 1`
}

/**
 * Nothing in what one of them knows names anybody: states that differ by who it is are one, the one that has the numbers of
 * what they know in order.
 */
class ByzantineSpace extends ModelSpace<BenOrState, null, never> {
  override readonly representative: (state: Int32Array) => Int32Array
  private readonly bounds: ByzantineBounds

  constructor(bounds: ByzantineBounds) {
    super(byzantineModel(bounds))
    this.bounds = bounds
    const honest = ids.length - bounds.liars
    this.representative = (state) => {
      const sorted = state.slice()
      sorted.subarray(0, honest).sort()
      return sorted
    }
  }

  override leftOut(): readonly string[] {
    return [`what follows when somebody is beyond round ${this.bounds.rounds}`, 'syncs that are late']
  }
}

/** For whoever asks for it by name. */
export const explorableByzantineBenOr: Explorable = {
  name: 'ben-or-byzantine',
  description: "Ben-Or's randomised consensus of six, of whom one lies; an exchange is heard at once",
  parameters: [
    { name: 'ones', description: 'who begin with 1; the others begin with 0', fallback: 2, least: 0, most: 5 },
    { name: 'rounds', description: 'nobody enters a later one', fallback: 2, least: 1, most: 9 },
    { name: 'liars', description: 'with more than one, nothing is promised', fallback: 1, least: 0, most: 2 },
  ],
  space: ({ ones = 2, rounds = 2, liars = 1 }) => new ByzantineSpace({ ones, rounds, liars }),
}
