import {
  assert,
  present,
  type Command,
  type Index,
  type LogEngine,
  type ChangeRefused,
  type Membership,
  type MembershipChange,
  type NodeId,
  type ReadId,
  type SnapshotId,
  type Standing,
  type TimerName,
} from '../../core/index.ts'
import { checkpointOf, connectLogToSnapshot, loseRecords, loseSnapshot, restore } from './durable.ts'
import {
  awaitElection,
  becomeFollower,
  campaign,
  onElectionTimeout,
  onRequestVote,
  onVote,
  recognizeLeader,
} from './election.ts'
import { entryBytes, isVoter, lastIndex, mayCampaign, membershipOf, placedMembership, positionOf } from './log.ts'
import type { AppendEntries, Durable, InstallSnapshot, Message } from './messages.ts'
import { checkOptions, type RaftOptions } from './options.ts'
import { proceedWithReads, read } from './reads.ts'
import {
  askTerms,
  beginRepair,
  isRepairing,
  mayAcknowledge,
  onAskTerm,
  onTellTerm,
  proceedWithRepair,
} from './repair.ts'
import { change, proceedWithMembership } from './reconfiguration.ts'
import { appendAsLeader, beat, onAppendEntries, onAppended } from './replication.ts'
import type { RaftEnvironment, Replica } from './replica.ts'
import { compact, onInstallSnapshot, snapshotAt } from './snapshot.ts'
import { RaftStanding } from './standing.ts'
import { initialState, type RaftState } from './state.ts'
import { continueTransfer, endTransfer, transfer } from './transfer.ts'

/**
 * One member of a Raft cluster (Ongaro and Ousterhout 2014; Ongaro's dissertation). It only says which rule answers
 * which event; the rules are grouped as in the dissertation: election, replication, snapshot, reads, transfer.
 */
export class Raft implements LogEngine<RaftState, Message, Durable>, Replica {
  state: RaftState = initialState()
  readonly env: RaftEnvironment
  readonly options: RaftOptions
  readonly standing: Standing = new RaftStanding(this)

  constructor(env: RaftEnvironment, options: RaftOptions) {
    checkOptions(options)
    this.env = env
    this.options = options
  }

  bootstrap(membership: Membership): Durable {
    return {
      type: 'checkpoint',
      currentTerm: 0,
      votedFor: undefined,
      last: { index: 0, term: 0 },
      snapshot: undefined,
      memberships: [{ index: 0, membership }],
      repair: undefined,
    }
  }

  checkpoint(): Durable {
    return checkpointOf(this.state)
  }

  restore(record: Durable): void {
    restore(this.state, record)
  }

  lost(what: 'records' | 'snapshot'): void {
    if (what === 'records') loseRecords(this.state)
    else loseSnapshot(this.state)
  }

  start(): void {
    const { state, env } = this
    connectLogToSnapshot(state)
    state.commitIndex = positionOf(state.snapshot).index
    state.verified = state.commitIndex
    env.reconfigured(membershipOf(state), placedMembership(state).index)
    beginRepair(this)
    const { voters, outgoing } = membershipOf(state)
    const alone = voters.length === 1 && outgoing.length === 0 && isVoter(state, env.self)
    // Nobody else could lead: there is nothing to wait for.
    if (alone && !isRepairing(this)) this.turn(() => campaign(this, false))
    else awaitElection(this)
  }

  receive(message: Message, from: NodeId): void {
    this.turn(() => this.dispatch(message, from))
  }

  timeout(timer: TimerName): void {
    this.turn(() => {
      switch (timer) {
        case 'election':
          return onElectionTimeout(this)
        case 'heartbeat':
          beat(this)
          proceedWithMembership(this)
          return continueTransfer(this)
        case 'lease':
          this.state.heard = false
          return undefined
        case 'transfer':
          return endTransfer(this)
        case 'repair':
          return askTerms(this)
        default:
          return assert(false, `Raft sets no timer named ${timer}`)
      }
    })
  }

  propose(command: Command): boolean {
    const { state, options } = this
    if (state.role !== 'leader' || state.transfer !== undefined) return false
    const entry = { term: state.currentTerm, command }
    // One command always fits into an empty tail, whatever its size.
    const empty = state.commitIndex === lastIndex(state)
    if (!empty && state.uncommittedBytes + entryBytes(entry) > options.maxUncommittedBytes) return false
    appendAsLeader(this, entry)
    return true
  }

  read(id: ReadId): boolean {
    return read(this, id)
  }

  snapshotAt(index: Index): SnapshotId {
    return snapshotAt(this, index)
  }

  compact(snapshot: SnapshotId, through: Index): void {
    this.turn(() => compact(this, snapshot, through))
  }

  transfer(to?: NodeId): boolean {
    return transfer(this, to)
  }

  resign(): void {
    if (this.state.role === 'leader') this.turn(() => becomeFollower(this, this.state.currentTerm, undefined))
  }

  change(changes: readonly MembershipChange[]): { index: Index } | ChangeRefused {
    const asked: { outcome?: { index: Index } | ChangeRefused } = {}
    this.turn(() => (asked.outcome = change(this, changes)))
    return present(asked.outcome, 'a change has an outcome')
  }

  private dispatch(message: Message, from: NodeId): void {
    switch (message.type) {
      case 'requestVote':
        return onRequestVote(this, message, from)
      case 'vote':
        // A granted pre-vote carries a term that nobody has entered.
        if (!(message.preVote && message.granted)) this.adoptTerm(message.term)
        return onVote(this, message, from)
      case 'appendEntries':
        if (this.follows(message, from)) onAppendEntries(this, message, from)
        return proceedWithRepair(this)
      case 'installSnapshot':
        if (this.follows(message, from)) onInstallSnapshot(this, message, from)
        return proceedWithRepair(this)
      case 'appended':
        this.adoptTerm(message.term)
        onAppended(this, message, from)
        proceedWithReads(this)
        proceedWithMembership(this)
        return from === this.state.transfer ? continueTransfer(this) : undefined
      case 'timeoutNow':
        return this.onTimeoutNow(message.term, from)
      case 'askTerm':
        return onAskTerm(this, from)
      case 'tellTerm':
        this.adoptTerm(message.term)
        return onTellTerm(this, message, from)
    }
  }

  /** All servers: whoever sees a later term enters it, as a follower (Figure 2). */
  private adoptTerm(term: number): void {
    if (term > this.state.currentTerm) becomeFollower(this, term, undefined)
  }

  /** false: it does not come from the leader of this term or a later one, which the sender is told; or it cannot be acknowledged. */
  private follows({ term, round }: AppendEntries | InstallSnapshot, from: NodeId): boolean {
    const { state, env } = this
    if (!mayAcknowledge(this)) return false
    if (term < state.currentTerm) {
      // Also frees a member whose term ran ahead while it was cut off (etcd#5468).
      const rejection = { prevLogIndex: 0, conflictTerm: undefined, conflictIndex: 1 }
      env.send(from, { type: 'appended', term: state.currentTerm, matchIndex: 0, rejection, round })
      return false
    }
    recognizeLeader(this, term, from)
    return true
  }

  /** The leader hands over (Ongaro §3.10): an election at once, without asking first. */
  private onTimeoutNow(term: number, from: NodeId): void {
    const { state, env } = this
    const invited = state.role === 'follower' && term === state.currentTerm && state.leader === from
    if (invited && mayCampaign(state, env.self) && !isRepairing(this)) campaign(this, true)
  }

  /** Around each handler: what must hold after it, and what the member must hear of. */
  private turn(handle: () => void): void {
    const { state } = this
    const { currentTerm, leader, commitIndex } = state
    const before = placedMembership(state)
    handle()
    assert(state.currentTerm >= currentTerm && state.commitIndex >= commitIndex, 'term and commit index never decrease')
    assert(state.commitIndex <= lastIndex(state), 'commitIndex is at most the last index')
    assert(state.compacted.index <= state.commitIndex, 'only what is committed is compacted (§7)')
    if (state.currentTerm !== currentTerm || state.leader !== leader) this.env.led(state.leader, state.currentTerm)
    const placed = placedMembership(state)
    if (placed.membership !== before.membership) this.env.reconfigured(placed.membership, placed.index)
  }
}
