import { decodeUtf8, encodeUtf8, type Command, type NodeId } from '../../core/index.ts'
import { ActorSpace, type HistoryFold, type Situation, type System } from '../../explorer/index.ts'
import { defaultPaxosOptions, Paxos, type PaxosEnvironment, type PaxosState } from '../../protocols/paxos/index.ts'

/** What was decided, ever: '0' and '1'. */
export interface FlpPast {
  readonly decided: readonly string[]
}

export type FlpSpace = ActorSpace<Paxos, PaxosEnvironment, FlpPast>

/** Decisions, as properties of the space that are seen. */
export const decides = { '0': '0 is decided', '1': '1 is decided' } as const
/** Broken wherever nobody has decided: of a schedule that is long and fair that is what FLP says. */
export const termination = 'somebody has decided'

/** Proposes as it starts. */
class Asked extends Paxos {
  private readonly input: string

  constructor(input: string, ...parts: ConstructorParameters<typeof Paxos>) {
    super(...parts)
    this.input = input
  }

  override start(): void {
    super.start()
    const bytes = encodeUtf8(this.input)
    this.propose({ origin: this.input, sequence: 1, checksum: Number(this.input), bytes })
  }
}

/**
 * Paxos as FLP has it: each participant begins with a bit, nothing is bounded, messages arrive in any order, a timer that is
 * armed may fire at any time (a step without a message), and a delivery without effect is a step as well. Whoever crashes takes
 * no more steps.
 */
export function flpSpace(inputs: string): FlpSpace {
  const nodes: NodeId[] = Array.from(inputs, (_, i) => String.fromCharCode('a'.charCodeAt(0) + i))
  const system: System<Paxos, PaxosEnvironment, FlpPast> = {
    nodes,
    make: (env, self) => new Asked(inputs[nodes.indexOf(self)] ?? '0', env, nodes, options),
    abilities: ['decide'],
    network: 'multiset',
    everyDelivery: true,
    sync: 'at once',
    history: past,
    properties: [
      { kind: 'sometimes', name: decides['0'], seen: ({ history }) => history.decided.includes('0') },
      { kind: 'sometimes', name: decides['1'], seen: ({ history }) => history.decided.includes('1') },
      { kind: 'always', name: termination, broken: undecided },
    ],
  }
  return new ActorSpace(system)
}

const options = { ...defaultPaxosOptions, acceptedTo: 'proposer' } as const

const past: HistoryFold<FlpPast> = {
  initial: { decided: [] },
  record: ({ decided }, { arguments: [, , value] }) => ({
    decided: [...new Set([...decided, decodeUtf8((value as Command).bytes)])].toSorted(),
  }),
}

function undecided({ history }: Situation<PaxosState, FlpPast>): string | undefined {
  return history.decided.length === 0 ? 'nobody has decided' : undefined
}
