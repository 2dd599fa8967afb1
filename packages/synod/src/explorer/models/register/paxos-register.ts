import { present, type NodeId, type Protocol } from '../../../core/index.ts'
import type { RegisterEnvironment, RegisterMessage } from './messages.ts'
import { registerSystem, type RegisterBounds, type RegisterSystem } from './register-system.ts'

interface Ballot {
  readonly round: number
  readonly server: NodeId
}

/** The put that a value comes from, so that whoever decides it can answer its client. */
interface Proposal {
  readonly request: number
  readonly client: NodeId
  readonly value: string
}

interface Accepted {
  readonly ballot: Ballot
  readonly proposal: Proposal
}

type Internal =
  | { readonly type: 'prepare'; readonly ballot: Ballot }
  | { readonly type: 'prepared'; readonly ballot: Ballot; readonly accepted: Accepted | undefined }
  | ({ readonly type: 'accept' } & Accepted)
  | { readonly type: 'accepted'; readonly ballot: Ballot }
  | ({ readonly type: 'decided' } & Accepted)

type Message = RegisterMessage<Internal>

interface State {
  // Of all servers.
  ballot: Ballot
  // Of leaders.
  proposal: Proposal | undefined
  /** What each has accepted so far, by those that prepared; null: nothing. */
  prepares: Record<NodeId, Accepted | null>
  /** Sorted. */
  accepts: NodeId[]
  // Of acceptors.
  accepted: Accepted | undefined
  decided: boolean
}

/** A register that is written once: a put proposes its value by single-decree Paxos ("Paxos Made Simple", §2.2). */
export class PaxosRegister implements Protocol<State, Message, never> {
  state: State
  private readonly env: RegisterEnvironment<Internal>
  private readonly peers: readonly NodeId[]
  private readonly majority: number

  constructor(env: RegisterEnvironment<Internal>, peers: readonly NodeId[]) {
    this.env = env
    this.peers = peers
    this.majority = Math.floor((peers.length + 1) / 2) + 1
    this.state = {
      ballot: { round: 0, server: [env.self, ...peers].toSorted()[0] ?? env.self },
      proposal: undefined,
      prepares: {},
      accepts: [],
      accepted: undefined,
      decided: false,
    }
  }

  restore(): void {}
  start(): void {}
  timeout(): void {}

  receive(message: Message, from: NodeId): void {
    const { state, env } = this
    if (state.decided) {
      if (message.type !== 'get') return
      const { value } = present(state.accepted, 'what is decided is accepted').proposal
      return env.send(from, { type: 'getOk', request: message.request, value })
    }
    switch (message.type) {
      case 'put':
        return this.propose({ request: message.request, client: from, value: message.value })
      case 'prepare':
        return this.onPrepare(message.ballot, from)
      case 'prepared':
        return this.onPrepared(message.ballot, message.accepted, from)
      case 'accept':
        return this.onAccept(message, from)
      case 'accepted':
        return this.onAccepted(message.ballot, from)
      case 'decided':
        state.ballot = message.ballot
        state.accepted = { ballot: message.ballot, proposal: message.proposal }
        state.decided = true
        return undefined
      case 'get':
      case 'putOk':
      case 'getOk':
        return undefined
    }
  }

  /** Phase 1a, and its own promise. */
  private propose(proposal: Proposal): void {
    const { state, env } = this
    if (state.proposal !== undefined) return
    state.proposal = proposal
    state.ballot = { round: state.ballot.round + 1, server: env.self }
    state.prepares = { [env.self]: state.accepted ?? null }
    state.accepts = []
    this.broadcast({ type: 'prepare', ballot: state.ballot })
  }

  /** Phase 1b. */
  private onPrepare(ballot: Ballot, from: NodeId): void {
    const { state, env } = this
    if (compare(ballot, state.ballot) <= 0) return
    state.ballot = ballot
    env.send(from, { type: 'prepared', ballot, accepted: state.accepted })
  }

  /** Phase 2a, and its own acceptance: the value that was accepted in the highest ballot, or its own. */
  private onPrepared(ballot: Ballot, accepted: Accepted | undefined, from: NodeId): void {
    const { state, env } = this
    if (compare(ballot, state.ballot) !== 0) return
    state.prepares = { ...state.prepares, [from]: accepted ?? null }
    const answers = Object.values(state.prepares)
    if (answers.length !== this.majority) return
    const highest = answers.reduce((a, b) => (a === null || (b !== null && compare(b.ballot, a.ballot) > 0) ? b : a))
    const proposal = highest?.proposal ?? present(state.proposal, 'who prepared has something to propose')
    state.proposal = proposal
    state.accepted = { ballot, proposal }
    state.accepts = [env.self]
    this.broadcast({ type: 'accept', ballot, proposal })
  }

  /** Phase 2b. */
  private onAccept({ ballot, proposal }: Accepted, from: NodeId): void {
    const { state, env } = this
    if (compare(ballot, state.ballot) < 0) return
    state.ballot = ballot
    state.accepted = { ballot, proposal }
    env.send(from, { type: 'accepted', ballot })
  }

  private onAccepted(ballot: Ballot, from: NodeId): void {
    const { state, env } = this
    if (compare(ballot, state.ballot) !== 0) return
    state.accepts = [...new Set([...state.accepts, from])].toSorted()
    if (state.accepts.length !== this.majority) return
    const proposal = present(state.proposal, 'who is accepted has proposed')
    state.decided = true
    this.broadcast({ type: 'decided', ballot, proposal })
    env.send(proposal.client, { type: 'putOk', request: proposal.request })
  }

  private broadcast(message: Message): void {
    for (const peer of this.peers) this.env.send(peer, message)
  }
}

function compare(a: Ballot, b: Ballot): number {
  if (a.round !== b.round) return a.round - b.round
  return a.server < b.server ? -1 : a.server > b.server ? 1 : 0
}

export function paxosRegister(bounds: RegisterBounds): RegisterSystem<State, Internal> {
  return registerSystem<State, Internal>(bounds, (env, _, peers) => new PaxosRegister(env, peers))
}
