/**
 * Single-decree Paxos (Lamport, "Paxos Made Simple", 2001, §2.2 and §2.3): each participant is proposer, acceptor and
 * learner. It has a bug that most runs do not show; the swarm finds one that does, and makes it small enough to read:
 *
 *     npx synod simulate examples/paxos.ts
 */
import { choose, majority, type NodeId } from 'synod'
import { describeProtocol, jsonCommand, type Json, type ParticipantEnvironment } from 'synod/simulator'

/** A round and its proposer in one number: no two proposers ever use the same one. */
type Ballot = number
export type Proposal = { readonly ballot: Ballot; readonly value: Json }
export type Message =
  | { readonly type: 'prepare'; readonly ballot: Ballot } // phase 1a
  | { readonly type: 'promise'; readonly ballot: Ballot; readonly accepted: Proposal | undefined } // 1b
  | ({ readonly type: 'accept' } & Proposal) // 2a
  | ({ readonly type: 'accepted' } & Proposal) // 2b
/** What an acceptor writes down: it may lose everything else. */
export type Durable = { readonly promised?: Ballot; readonly accepted?: Proposal }
type Environment = ParticipantEnvironment<Message, Durable>

export class Paxos {
  state = {
    promised: 0,
    accepted: undefined as Proposal | undefined,
    wanted: undefined as Json | undefined, // as a proposer: its value, its ballot, who promised and had accepted what
    ballot: 0,
    promises: {} as Record<NodeId, Proposal | 'nothing'>,
    votes: {} as Record<Ballot, readonly NodeId[]>, // as a learner: who accepted
    decided: false,
  }
  protected readonly env: Environment
  private readonly nodes: readonly NodeId[]

  constructor(env: Environment, nodes: readonly NodeId[]) {
    this.env = env
    this.nodes = nodes
  }

  /** After a crash: each record that the disk still has, in order; then `start`, once. */
  restore(record: Durable): void {
    Object.assign(this.state, record)
  }

  start(): void {}

  /** What a client asks. */
  propose(value: Json): void {
    this.state.wanted ??= value
    this.timeout()
  }

  /** Phase 1a, with a ballot above all that it has heard of; again and again until something is decided. */
  timeout(): void {
    const { state, nodes, env } = this
    if (state.decided) return
    const round = Math.floor(Math.max(state.promised, state.ballot) / nodes.length) + 1
    state.ballot = round * nodes.length + nodes.indexOf(env.self)
    state.promises = {}
    this.promise(state.ballot) // its own first: after a crash it will not use this ballot again
    this.broadcast({ type: 'prepare', ballot: state.ballot })
    env.setTimer('retry', 200, 600)
  }

  receive(message: Message, from: NodeId): void {
    const { state } = this
    switch (message.type) {
      case 'prepare': // phase 1b
        if (message.ballot < state.promised) return
        this.promise(message.ballot)
        return this.env.send(from, { type: 'promise', ballot: message.ballot, accepted: state.accepted })
      case 'promise':
        return this.onPromise(from, message.ballot, message.accepted)
      case 'accept': // phase 2b; a higher ballot may have come in between
        if (message.ballot < state.promised) return
        this.accept({ ballot: message.ballot, value: message.value })
        return this.broadcast({ ...message, type: 'accepted' })
      case 'accepted':
        return this.onAccepted(from, message)
    }
  }

  /** Nothing of a lower ballot from now on. `send` holds back what is said until all that is persisted is durable. */
  private promise(ballot: Ballot): void {
    if (ballot > this.state.promised) this.env.persist({ promised: ballot })
    this.state.promised = ballot
  }

  protected accept(accepted: Proposal): void {
    this.state.promised = accepted.ballot
    this.state.accepted = accepted
  }

  /** Phase 2a, once a majority has promised: with the value of the highest ballot that any of them has accepted. */
  private onPromise(from: NodeId, ballot: Ballot, accepted: Proposal | undefined): void {
    const { state, nodes } = this
    if (ballot !== state.ballot || from in state.promises || state.wanted === undefined) return
    state.promises[from] = accepted ?? 'nothing'
    const promises = Object.values(state.promises)
    if (promises.length !== majority(nodes.length)) return
    let highest: Proposal = { ballot: 0, value: state.wanted }
    for (const other of promises) if (other !== 'nothing' && other.ballot > highest.ballot) highest = other
    this.broadcast({ type: 'accept', ballot, value: highest.value })
  }

  /** A value is chosen when a majority has accepted it in one ballot. */
  private onAccepted(from: NodeId, { ballot, value }: Proposal): void {
    const { state, nodes, env } = this
    const votes = new Set(state.votes[ballot]).add(from)
    state.votes[ballot] = [...votes]
    if (state.decided || votes.size < majority(nodes.length)) return
    state.decided = true
    env.clearTimer('retry')
    env.decide(1, ballot, jsonCommand(value))
  }

  private broadcast(message: Message): void {
    for (const id of this.nodes) this.env.send(id, message)
  }
}

/** What the simulator must be told: how a participant is made, what it may be asked, and what should come up. */
export function describePaxos(Protocol: typeof Paxos) {
  return describeProtocol({
    name: 'paxos',
    make: (env: Environment, nodes: readonly NodeId[]) => new Protocol(env, nodes),
    pace: 400, // its retries are drawn from 200 to 600 ms
    inputs: { propose: (stream) => ['red', 'green', 'blue'][choose(stream, 3)] ?? 'red' },
    situations: [
      { name: 'two proposed at once', watch: () => (_, nodes) => nodes.filter(isProposing).length > 1 },
      { name: 'one decided again after a restart', watch: () => (node) => new Set(livesOf(node)).size > 1 },
    ],
  })
}

function isProposing({ state }: { readonly state: Paxos['state'] }): boolean {
  return state.wanted !== undefined && !state.decided
}

function livesOf({ decided }: { readonly decided: readonly { readonly incarnation: number }[] }): number[] {
  return decided.map(({ incarnation }) => incarnation)
}

export const subject = describePaxos(Paxos)
