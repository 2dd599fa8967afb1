import { choose, majority, type NodeId } from 'synod'
import {
  describeProtocol,
  jsonCommand,
  type Json,
  type Participant,
  type ParticipantEnvironment,
  type ParticipantNode,
  type Subject,
} from 'synod/simulator'

/** A round and a proposer in one number: no two proposers ever use the same one. */
type Ballot = number
interface Proposal {
  readonly ballot: Ballot
  readonly value: Json
}

export type Message =
  | { readonly type: 'prepare'; readonly ballot: Ballot } // 1a
  | { readonly type: 'promise'; readonly ballot: Ballot; readonly accepted: Proposal | undefined } // 1b
  | ({ readonly type: 'accept' } & Proposal) // 2a
  | ({ readonly type: 'accepted' } & Proposal) // 2b

/** What an acceptor remembers, whatever happens to it: one of the two, or both. */
export interface Durable {
  readonly promised?: Ballot
  readonly accepted?: Proposal
}

interface State {
  promised: Ballot
  accepted: Proposal | undefined
  /** As a proposer: what it would like, its ballot, and who has promised to follow that. */
  wanted: Json | undefined
  ballot: Ballot
  promises: Record<NodeId, Proposal | 'nothing accepted'>
  /** As a learner: who has accepted what. */
  votes: Record<Ballot, readonly NodeId[]>
  decided: boolean
}

/**
 * Single-decree Paxos (Lamport, "Paxos Made Simple", 2001, §2.2 and §2.3): each participant is proposer, acceptor and
 * learner. It has a bug that most of its runs do not show.
 */
export class Paxos {
  state: State = {
    promised: 0,
    accepted: undefined,
    wanted: undefined,
    ballot: 0,
    promises: {},
    votes: {},
    decided: false,
  }
  protected readonly env: ParticipantEnvironment<Message, Durable>
  private readonly nodes: readonly NodeId[]

  constructor(env: ParticipantEnvironment<Message, Durable>, nodes: readonly NodeId[]) {
    this.env = env
    this.nodes = nodes
  }

  restore(record: Durable): void {
    Object.assign(this.state, record)
  }

  start(): void {
    // It speaks when it is asked.
  }

  /** An input from outside. */
  propose(value: Json): void {
    this.state.wanted ??= value
    this.prepare()
  }

  timeout(): void {
    this.prepare()
  }

  receive(message: Message, from: NodeId): void {
    switch (message.type) {
      case 'prepare':
        return this.onPrepare(message.ballot, from)
      case 'promise':
        return this.onPromise(message.ballot, message.accepted, from)
      case 'accept':
        return this.onAccept(message)
      case 'accepted':
        return this.onAccepted(message, from)
    }
  }

  /** Phase 1a, with a ballot above all that it has heard of. Asked again for as long as nothing is decided. */
  private prepare(): void {
    const { state, nodes, env } = this
    if (state.decided) return
    const highest = Math.max(state.promised, state.ballot)
    state.ballot = (Math.floor(highest / nodes.length) + 1) * nodes.length + nodes.indexOf(env.self)
    state.promises = {}
    this.promise(state.ballot) // its own first: after a crash it will not use this ballot again
    this.broadcast({ type: 'prepare', ballot: state.ballot })
    env.setTimer('retry', 200, 600)
  }

  /** Phase 1b. */
  private onPrepare(ballot: Ballot, from: NodeId): void {
    if (ballot < this.state.promised) return
    this.promise(ballot)
    this.env.send(from, { type: 'promise', ballot, accepted: this.state.accepted })
  }

  /** From now on, nothing of a lower ballot is accepted. Durable before anybody hears of it: `send` sees to that. */
  private promise(ballot: Ballot): void {
    if (ballot === this.state.promised) return
    this.state.promised = ballot
    this.env.persist({ promised: ballot })
  }

  /** Phase 2a, once a majority has promised: with the value of the highest ballot that any of it has accepted. */
  private onPromise(ballot: Ballot, accepted: Proposal | undefined, from: NodeId): void {
    const { state, nodes } = this
    if (ballot !== state.ballot || from in state.promises) return
    state.promises[from] = accepted ?? 'nothing accepted'
    const promises = Object.values(state.promises)
    if (promises.length !== majority(nodes.length) || state.wanted === undefined) return
    let highest: Proposal = { ballot: 0, value: state.wanted }
    for (const other of promises) if (other !== 'nothing accepted' && other.ballot > highest.ballot) highest = other
    this.broadcast({ type: 'accept', ballot, value: highest.value })
  }

  /** Phase 2b. The promise is looked at again: a higher ballot may have come in between. */
  private onAccept({ ballot, value }: Proposal): void {
    if (ballot < this.state.promised) return
    this.accept({ ballot, value })
    this.broadcast({ type: 'accepted', ballot, value })
  }

  protected accept(accepted: Proposal): void {
    this.state.promised = accepted.ballot
    this.state.accepted = accepted
  }

  /** A value is chosen when a majority has accepted it in one ballot. */
  private onAccepted({ ballot, value }: Proposal, from: NodeId): void {
    const { state, nodes, env } = this
    const votes = state.votes[ballot] ?? []
    if (state.decided || votes.includes(from)) return
    state.votes[ballot] = [...votes, from]
    if (votes.length + 1 < majority(nodes.length)) return
    state.decided = true
    env.clearTimer('retry')
    env.decide(1, ballot, jsonCommand(value))
  }

  private broadcast(message: Message): void {
    for (const id of this.nodes) this.env.send(id, message)
  }
}

/** The same, with the line that was missing. */
export class MendedPaxos extends Paxos {
  protected override accept(accepted: Proposal): void {
    super.accept(accepted)
    this.env.persist({ promised: accepted.ballot, accepted })
  }
}

type Node = ParticipantNode<State>

/** What the simulator must be told: how a participant is made, what it may be asked, and what should come up. */
export function describePaxos(mended: boolean): Subject<Participant<Paxos, Message, Durable>, Node> {
  const Protocol = mended ? MendedPaxos : Paxos
  return describeProtocol({
    name: 'paxos',
    make: (env: ParticipantEnvironment<Message, Durable>, nodes) => new Protocol(env, nodes),
    pace: 400, // its retries are drawn from 200 to 600 ms
    inputs: { propose: (stream) => ['red', 'green', 'blue'][choose(stream, 3)] ?? 'red' },
    situations: [
      { name: 'two proposed at once', watch: () => (_, nodes) => nodes.filter(isProposing).length > 1 },
      { name: 'one decided again after a restart', watch: () => (node) => new Set(livesOf(node)).size > 1 },
    ],
  })
}

function isProposing({ state }: Node): boolean {
  return state.wanted !== undefined && !state.decided
}

function livesOf({ decided }: Node): number[] {
  return decided.map(({ incarnation }) => incarnation)
}
