import {
  assert,
  present,
  type ChangeRefused,
  type Command,
  type Index,
  type LogEngine,
  type Membership,
  type MembershipChange,
  type NodeId,
  type ReadId,
  type SnapshotId,
  type Standing,
  type TimerName,
} from '../../core/index.ts'
import { onAccept } from './accepting.ts'
import { isLower, isSame, noBallot } from './ballot.ts'
import { electorsOf, openElectorates } from './configuration.ts'
import { checkpointOf, connectLogToSnapshot, loseRecords, loseSnapshot, restore } from './durable.ts'
import {
  campaign,
  lead,
  mayCampaign,
  onCanvass,
  onElectionTimeout,
  onPrepare,
  onPromise,
  onRefused,
  onSupport,
} from './election.ts'
import { awaitElection, becomeFollower } from './following.ts'
import { decideAgain, lookAtMembership, onChosen, onInstallSnapshot, onLearn } from './learning.ts'
import type { Durable, HandOver, Message } from './messages.ts'
import { checkOptions, type MultiPaxosOptions } from './options.ts'
import { beat, followMembers, hasRoom, onAccepted, proceed, proposeNew } from './proposing.ts'
import { proceedWithReads, read } from './reads.ts'
import { change, proceedWithMembership } from './reconfiguration.ts'
import { askPromises, beginRepair, endRepair, isRepairing, onAskPromise, onTellPromise } from './repair.ts'
import type { MultiPaxosEnvironment, Replica } from './replica.ts'
import { compact, snapshotAt } from './snapshot.ts'
import { MultiPaxosStanding } from './standing.ts'
import { initialState, type MultiPaxosState } from './state.ts'
import { continueTransfer, endTransfer, transfer } from './transfer.ts'

/**
 * One member of a Multi-Paxos cluster (Lamport, "Paxos Made Simple", §3): proposer, acceptor and learner at once. It only
 * says which rule answers which event; the rules are grouped by role and phase: election (phase 1), proposing and accepting
 * (phase 2), learning.
 */
export class MultiPaxos implements LogEngine<MultiPaxosState, Message, Durable>, Replica {
  state: MultiPaxosState = initialState()
  readonly env: MultiPaxosEnvironment
  readonly options: MultiPaxosOptions
  readonly standing: Standing = new MultiPaxosStanding(this)

  constructor(env: MultiPaxosEnvironment, options: MultiPaxosOptions) {
    checkOptions(options)
    this.env = env
    this.options = options
  }

  bootstrap(membership: Membership): Durable {
    return {
      type: 'checkpoint',
      promised: noBallot,
      decided: 0,
      last: 0,
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
    this.state.goesBy = { ...(this.state.memberships.at(-1) ?? this.state.goesBy), settled: true }
  }

  lost(what: 'records' | 'snapshot'): void {
    if (what === 'records') loseRecords(this.state)
    else loseSnapshot(this.state)
  }

  start(): void {
    const { state, env, options } = this
    connectLogToSnapshot(state)
    state.goesBy = initialState().goesBy
    decideAgain(this)
    state.seen = state.promised.round
    lookAtMembership(this)
    env.reconfigured(state.goesBy.membership, state.goesBy.index)
    beginRepair(this)
    const isAlone = electorsOf(openElectorates(state, options.alpha)).every((id) => id === env.self)
    // Nobody else could lead: there is nothing to wait for.
    if (isAlone && mayCampaign(this)) this.turn(() => campaign(this, false))
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
        case 'learn':
          this.state.learning = false
          return undefined
        case 'transfer':
          return endTransfer(this)
        case 'repair':
          return askPromises(this)
        default:
          return assert(false, `Multi-Paxos sets no timer named ${timer}`)
      }
    })
  }

  propose(command: Command): boolean {
    const value = { term: this.state.promised.round, command }
    if (!hasRoom(this, value)) return false
    this.turn(() => proposeNew(this, value))
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
    if (this.state.role === 'leader') this.turn(() => becomeFollower(this, undefined))
  }

  change(changes: readonly MembershipChange[]): { index: Index } | ChangeRefused {
    const asked: { outcome?: { index: Index } | ChangeRefused } = {}
    this.turn(() => (asked.outcome = change(this, changes)))
    return present(asked.outcome, 'a change has an outcome')
  }

  private dispatch(message: Message, from: NodeId): void {
    switch (message.type) {
      case 'canvass':
        return onCanvass(this, message, from)
      case 'support':
        return onSupport(this, message, from)
      case 'prepare':
        return onPrepare(this, message, from)
      case 'promise':
        return onPromise(this, message, from)
      case 'accept':
        return onAccept(this, message, from)
      case 'accepted':
        if (!onAccepted(this, message, from)) return undefined
        proceedWithReads(this)
        proceedWithMembership(this)
        return from === this.state.transfer ? continueTransfer(this) : undefined
      case 'refused':
        return onRefused(this, message.promised)
      case 'handOver':
        return this.onHandOver(message, from)
      case 'learn':
        return onLearn(this, message, from)
      case 'chosen':
        onChosen(this, message, from)
        proceed(this)
        return lead(this)
      case 'installSnapshot':
        onInstallSnapshot(this, message)
        return lead(this)
      case 'askPromise':
        return onAskPromise(this, from)
      case 'tellPromise':
        return onTellPromise(this, message, from)
    }
  }

  /** The leader hands over: phase 1 at once, without asking first. */
  private onHandOver({ ballot }: HandOver, from: NodeId): void {
    const { state } = this
    const isInvited = state.role === 'follower' && isSame(ballot, state.promised) && state.leader === from
    if (isInvited && mayCampaign(this)) campaign(this, true)
  }

  /** Around each handler: what must hold after it, and what the member must hear of. */
  private turn(handle: () => void): void {
    const { state } = this
    const { promised, leader, decided, goesBy } = state
    handle()
    endRepair(this)
    assert(!isLower(state.promised, promised), 'a promise is never taken back')
    assert(state.decided >= decided, 'what is decided stays decided')
    assert(isRepairing(this) || state.compacted <= state.decided, 'only what is decided is compacted')
    lookAtMembership(this)
    if (state.promised.round !== promised.round || state.leader !== leader)
      this.env.led(state.leader, state.promised.round)
    if (state.goesBy === goesBy) return
    if (state.role === 'leader') followMembers(this)
    if (state.goesBy.membership !== goesBy.membership)
      this.env.reconfigured(state.goesBy.membership, state.goesBy.index)
  }
}
