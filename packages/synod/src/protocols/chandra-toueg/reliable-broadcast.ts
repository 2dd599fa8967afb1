import { Part, type Command, type NodeId, type PartEnvironment } from '../../core/index.ts'

/** A value on its way, by whom it was first sent and which one of his it is. */
export interface BroadcastMessage {
  readonly origin: NodeId
  readonly sequence: number
  readonly value: Command
}

export interface BroadcastState {
  /** Sent by itself, in all its lives. */
  readonly sent: number
  /** `origin:sequence`, sorted. */
  readonly delivered: readonly string[]
}

export const initialBroadcastState: BroadcastState = { sent: 0, delivered: [] }

/**
 * Reliable broadcast by relaying (Chandra and Toueg 1996, figure 2): whoever hears something for the first time tells all
 * others, and only then delivers it. So if one that stays up delivers, all that stay up do, though the sender may have
 * crashed in the middle of its sending. n(n − 1) messages.
 */
export class ReliableBroadcast extends Part<BroadcastState> {
  private readonly env: PartEnvironment<BroadcastMessage>
  private readonly others: readonly NodeId[]
  private readonly deliver: (value: Command, origin: NodeId) => void

  constructor(
    env: PartEnvironment<BroadcastMessage>,
    nodes: readonly NodeId[],
    deliver: (value: Command, origin: NodeId) => void,
    place: () => BroadcastState,
  ) {
    super(place)
    this.env = env
    this.others = nodes.filter((id) => id !== env.self)
    this.deliver = deliver
  }

  broadcast(value: Command): void {
    const sequence = this.own.sent + 1
    Object.assign(this.own, { sent: sequence })
    this.receive({ origin: this.env.self, sequence, value })
  }

  receive(message: BroadcastMessage): void {
    const name = `${message.origin}:${message.sequence}`
    const { delivered } = this.own
    if (delivered.includes(name)) return
    Object.assign(this.own, { delivered: [...delivered, name].toSorted() })
    for (const id of this.others) this.env.send(id, message)
    this.deliver(message.value, message.origin)
  }
}
