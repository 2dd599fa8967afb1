import type { Command, NodeId, Protocol } from '../../core/index.ts'
import { onAccept, onPrepare } from './acceptor.ts'
import { learn, onAccepted } from './learner.ts'
import type { Durable, Message } from './messages.ts'
import { quorumsOf, type PaxosOptions, type Quorums } from './options.ts'
import { lookAfter, onPromise, onRefused, onRetry, wishFor } from './proposer.ts'
import type { PaxosEnvironment, Replica } from './replica.ts'
import { fold, initialState, type PaxosState } from './state.ts'

/** One participant of single-decree Paxos. Which rule answers which event; the rules are in the roles' files. */
export class Paxos implements Protocol<PaxosState, Message, Durable>, Replica {
  state: PaxosState = initialState()
  readonly env: PaxosEnvironment
  readonly nodes: readonly NodeId[]
  readonly options: PaxosOptions
  readonly quorums: Quorums

  /** `nodes`: all who take part, this one among them. */
  constructor(env: PaxosEnvironment, nodes: readonly NodeId[], options: PaxosOptions) {
    this.env = env
    this.nodes = nodes
    this.options = options
    this.quorums = quorumsOf(options, nodes.length)
  }

  restore(record: Durable): void {
    fold(this.state, record)
  }

  start(): void {
    const { chosen, accepted } = this.state
    if (chosen !== undefined) this.env.decide(1, chosen.ballot.round, chosen.value)
    else if (accepted !== undefined) lookAfter(this)
  }

  /** Whatever comes of it, exactly one value is decided: perhaps another one. */
  propose(value: Command): void {
    wishFor(this, value)
  }

  timeout(): void {
    onRetry(this)
  }

  receive(message: Message, from: NodeId): void {
    if (this.state.chosen !== undefined) return this.tell(message, from)
    switch (message.type) {
      case 'wish':
        return wishFor(this, message.value)
      case 'prepare':
        return onPrepare(this, message, from)
      case 'promise':
        return onPromise(this, message, from)
      case 'accept':
        return onAccept(this, message, from)
      case 'accepted':
        return onAccepted(this, message, from)
      case 'refused':
        return onRefused(this, message)
      case 'chosen':
        return learn(this, message)
    }
  }

  /** Whoever asks for anything is told what was chosen: nothing else can become of it. */
  private tell({ type }: Message, from: NodeId): void {
    const { chosen } = this.state
    if (chosen === undefined || (type !== 'wish' && type !== 'prepare' && type !== 'accept')) return
    this.env.sendAhead(from, { type: 'chosen', ...chosen })
  }
}
