import { decodeUtf8, type Command } from '../../core/index.ts'
import {
  parameter,
  ActorSpace,
  type Explorable,
  type HistoryFold,
  type Situation,
  type System,
} from '../../explorer/index.ts'
import {
  BenOr,
  benOrInvariants,
  defaultBenOrOptions,
  isDead,
  type BenOrEnvironment,
  type BenOrState,
  type Bit,
} from '../../protocols/ben-or/index.ts'
import { betweenTwo, inOneSituation } from '../in-one-situation.ts'

/** What of Ben-Or's algorithm is explored. */
export interface BenOrBounds {
  readonly participants: number
  /** Who may be faulty, of them. */
  readonly faults: number
  /** So many of them begin with 1, the others with 0. */
  readonly ones: number
  /** Nobody enters a later one. */
  readonly rounds: number
  readonly crashes: number
  /** Whether a sync is an event, or what is persisted is durable at once. */
  readonly lateDisk: boolean
}

/** What was decided, ever. */
export interface BenOrPast {
  readonly decided: readonly string[]
}

/** Asks itself as it starts: when it is asked is nothing that matters. */
class Asked extends BenOr {
  private readonly first: Bit

  constructor(first: Bit, ...parts: ConstructorParameters<typeof BenOr>) {
    super(...parts)
    this.first = first
  }

  override start(): void {
    super.start()
    this.propose(this.first)
  }
}

/** The production class, each of whose coins falls on either side. */
export function benOrModel(bounds: BenOrBounds): System<BenOr, BenOrEnvironment, BenOrPast> {
  const { participants, faults, ones, rounds, crashes, lateDisk } = bounds
  const nodes = Array.from({ length: participants }, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  return {
    nodes,
    make: (env, self) =>
      new Asked(nodes.indexOf(self) < ones ? 1 : 0, env, nodes, { ...defaultBenOrOptions, f: faults }),
    abilities: ['decide'],
    network: 'set',
    sync: lateDisk ? 'event' : 'at once',
    history: past,
    properties: [
      { kind: 'always', name: 'agreement', brokenHistory: ({ decided }) => disagreement(decided) },
      {
        kind: 'always',
        name: 'validity: where all begin with a value it is decided, in round 1',
        broken: (situation) => (ones > 0 && ones < participants ? undefined : late(situation)),
      },
      ...benOrInvariants
        .filter(({ name }) => name !== stepwise)
        .map((invariant) => inOneSituation<BenOrState, BenOrPast>(invariant)),
      { kind: 'sometimes', name: '0 is decided', seen: ({ history }) => history.decided.includes('0') },
      { kind: 'sometimes', name: '1 is decided', seen: ({ history }) => history.decided.includes('1') },
      { kind: 'sometimes', name: 'a second round', seen: ({ nodes: all }) => all.some(({ state }) => state.round > 1) },
    ],
    steps: benOrInvariants.filter(({ name }) => name === stepwise).map(betweenTwo<BenOrState>),
    bounds: {
      crashes,
      timeouts: { repeat: 0 },
      within: ({ round }) => round <= rounds,
      withinText: `round ${rounds}`,
    },
    dead: (message, from, state) => isDead(message, from, state),
  }
}

const stepwise = 'votes are kept'

const past: HistoryFold<BenOrPast> = {
  initial: { decided: [] },
  record: ({ decided }, { arguments: [, , value] }) => ({
    decided: [...new Set([...decided, decodeUtf8((value as Command).bytes)])].toSorted(),
  }),
}

function disagreement(decided: readonly string[]): string | undefined {
  return decided.length > 1 ? `${decided.join(' and ')} are both decided` : undefined
}

function late({ nodes }: Situation<BenOrState, BenOrPast>): string | undefined {
  const one = nodes.find(({ state }) => state.round > 1)
  return one === undefined ? undefined : `${one.id} has not decided in round 1`
}

/** Ben-Or's algorithm for whoever asks for it by name. */
export const explorableBenOr: Explorable = {
  name: 'ben-or',
  description: "Ben-Or's randomised consensus, crash faults, coins of their own",
  parameters: [
    parameter('participants', 'how many', 3, 1, 5),
    parameter('faults', 'that are survived; more than that may not crash', 1, 0, 2),
    parameter('ones', 'who begin with 1; the others begin with 0', 1, 0, 5),
    parameter('rounds', 'nobody enters a later one', 1, 1, 9),
    parameter('crashes', 'of all together; whoever crashes starts again, or not', 0, 0, 15),
    parameter('late-disk', '1: a sync may be late, or never come', 0, 0, 1),
  ],
  space: ({ participants = 3, faults = 1, ones = 1, rounds = 1, crashes = 0, 'late-disk': lateDisk = 0 }) =>
    new ActorSpace(benOrModel({ participants, faults, ones, rounds, crashes, lateDisk: lateDisk === 1 })),
}
