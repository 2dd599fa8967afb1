import type { NodeId, Protocol } from '../../../core/index.ts'
import { nameOf, type ClientMessage, type RegisterEnvironment } from './messages.ts'

export interface ClientState {
  /** The request whose answer it waits for. */
  awaiting: number | undefined
  /** Begun so far. */
  operations: number
}

/**
 * When a client's answer enters the history. `accepted`: when it is the one that it waits for. `delivered`: whenever one
 * arrives, which makes a wrong history of a right protocol where two servers answer the same request.
 */
export type AnswerCounts = 'accepted' | 'delivered'

/** Puts a value, then gets it, each at another server. */
export class RegisterClient implements Protocol<ClientState, ClientMessage, never> {
  state: ClientState = { awaiting: undefined, operations: 0 }
  private readonly env: RegisterEnvironment<never>
  private readonly number: number
  private readonly servers: number
  private readonly counts: AnswerCounts

  constructor(env: RegisterEnvironment<never>, number: number, servers: number, counts: AnswerCounts) {
    this.env = env
    this.number = number
    this.servers = servers
    this.counts = counts
  }

  restore(): void {}

  start(): void {
    const value = String.fromCharCode('A'.charCodeAt(0) + this.number - this.servers)
    this.env.invoked({ put: value })
    this.ask((request) => ({ type: 'put', request, value }))
  }

  receive(message: ClientMessage, _from: NodeId): void {
    if (message.type !== 'putOk' && message.type !== 'getOk') return
    const isAwaited = message.request === this.state.awaiting
    if (!isAwaited && this.counts === 'accepted') return
    this.env.answered(message.type === 'getOk' ? { value: message.value } : {})
    if (!isAwaited) return
    this.state.awaiting = undefined
    if (message.type === 'getOk') return
    this.env.invoked({})
    this.ask((request) => ({ type: 'get', request }))
  }

  timeout(): void {}

  private ask(message: (request: number) => ClientMessage): void {
    const { state } = this
    const server = nameOf((this.number + state.operations) % this.servers)
    state.operations++
    const request = state.operations * this.number
    state.awaiting = request
    this.env.send(server, message(request))
  }
}
