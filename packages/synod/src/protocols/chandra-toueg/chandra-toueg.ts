import {
  lend,
  majority,
  timerOf,
  type Command,
  type Decides,
  type Environment,
  type NodeId,
  type Protocol,
  type TimerName,
} from '../../core/index.ts'
import type { DetectorMessage, FailureDetector } from '../failure-detectors/index.ts'
import type { Durable, Message, Round } from './messages.ts'
import type { ChandraTouegOptions } from './options.ts'
import { ReliableBroadcast, type BroadcastMessage } from './reliable-broadcast.ts'
import { initialChandraTouegState, type ChandraTouegState, type Estimate } from './state.ts'

export type ChandraTouegEnvironment = Environment<Message, Durable> & Decides

type Of<Type extends Message['type']> = Extract<Message, { type: Type }>

/**
 * Consensus over ◊S, for n > 2f (Chandra and Toueg 1996, figure 6). Rounds, each with a coordinator that everybody knows: it
 * gathers a majority's estimates, proposes the newest, and decides once a majority has taken it over. Whoever suspects
 * the coordinator goes on to the next round. A detector that is wrong costs rounds, never agreement.
 */
export class ChandraToueg implements Protocol<ChandraTouegState, Message, Durable> {
  state: ChandraTouegState = initialChandraTouegState()
  private readonly env: ChandraTouegEnvironment
  private readonly nodes: readonly NodeId[]
  private readonly options: ChandraTouegOptions
  private readonly detector: FailureDetector
  private readonly broadcast: ReliableBroadcast

  /** `nodes`: everybody, in the same order everywhere. */
  constructor(env: ChandraTouegEnvironment, nodes: readonly NodeId[], options: ChandraTouegOptions) {
    this.env = env
    this.nodes = nodes
    this.options = options
    this.detector = options.detector(
      lend<DetectorMessage, Message>(env, 'detector', (message) => ({ type: 'detector', message })),
      nodes,
      () => this.state.detection,
    )
    this.broadcast = new ReliableBroadcast(
      lend<BroadcastMessage, Message>(env, 'broadcast', (message) => ({ type: 'broadcast', message })),
      nodes,
      (value) => this.decide(value),
      () => this.state.broadcast,
    )
  }

  // Events

  restore(record: Durable): void {
    const { state } = this
    switch (record.type) {
      case 'life':
        state.incarnation = record.incarnation
        return
      case 'stand':
        Object.assign(state, { round: record.round, estimate: record.estimate, timestamp: record.timestamp })
        return
      case 'decided':
        state.decided = record.value
    }
  }

  /** Nobody knows what it said in the round that it was in: it takes part from the next one on. */
  start(): void {
    const { state } = this
    state.incarnation++
    this.env.persist({ type: 'life', incarnation: state.incarnation })
    this.detector.start(state.incarnation)
    if (state.decided !== undefined) this.env.decide(1, state.round, state.decided)
    else if (state.round > 0) this.enter(this.nextRound())
  }

  /** false: it has an estimate already. */
  propose(command: Command): boolean {
    const { state } = this
    if (state.decided !== undefined || state.estimate !== undefined) return false
    state.estimate = command
    if (state.round === 0) this.enter(this.nextRound())
    else this.sendEstimate(false)
    return true
  }

  receive(message: Message, from: NodeId): void {
    switch (message.type) {
      case 'detector':
        this.detector.receive(message.message, from)
        return this.lookAtCoordinator()
      case 'broadcast':
        return this.broadcast.receive(message.message)
      case 'decision':
        return this.decide(message.value)
      case 'estimate':
      case 'proposal':
      case 'ack':
      case 'nack':
      case 'round':
        return this.receiveOfRound(message, from)
    }
  }

  timeout(timer: TimerName): void {
    const ofDetector = timerOf('detector', timer)
    if (ofDetector === undefined) return this.sayAgain()
    this.detector.timeout(ofDetector)
    this.lookAtCoordinator()
  }

  // Rounds

  private coordinator(round: Round): NodeId {
    return this.nodes[round % this.nodes.length] ?? ''
  }

  private get coordinates(): boolean {
    return this.state.round > 0 && this.coordinator(this.state.round) === this.env.self
  }

  /** The next one whose coordinator is not suspected; its own at the latest. */
  private nextRound(): Round {
    let round = this.state.round + 1
    while (this.detector.suspects(this.coordinator(round))) round++
    return round
  }

  /** Phase 1. The round is durable before anybody hears of it: an earlier one is closed to it for ever. */
  private enter(round: Round): void {
    Object.assign(this.state, { round, acknowledged: false, estimates: {}, proposal: undefined, answers: {} })
    this.persistStand()
    this.sendEstimate(false)
    this.env.setTimer('again', this.options.againMin, this.options.againMax)
  }

  private persistStand(): void {
    const { round, estimate, timestamp } = this.state
    this.env.persist({ type: 'stand', round, estimate, timestamp })
  }

  private sendEstimate(again: boolean): void {
    const { round, estimate, timestamp } = this.state
    this.env.send(this.coordinator(round), { type: 'estimate', round, estimate, timestamp, again })
  }

  /** Who is further on takes everybody along: rounds in between are as if their coordinators had been suspected. */
  private receiveOfRound(
    message: Exclude<Message, { type: 'detector' | 'broadcast' | 'decision' }>,
    from: NodeId,
  ): void {
    const { state } = this
    const { round, again } = message
    if (state.decided !== undefined) {
      if (again) this.env.send(from, { type: 'decision', value: state.decided })
      return
    }
    if (round < state.round) {
      if (again) this.env.send(from, { type: 'round', round: state.round, again: false })
      return
    }
    const isNew = round > state.round
    if (isNew) this.enter(round)
    switch (message.type) {
      case 'estimate':
        return this.onEstimate(message, from)
      case 'proposal':
        return this.onProposal(message, from)
      case 'ack':
      case 'nack':
        return this.onAnswer(message, from)
      case 'round':
        if (again && !isNew && !state.acknowledged) this.sendEstimate(false)
    }
  }

  /** Phase 2: of a majority's estimates the one with the largest timestamp, however often another one is among them. */
  private onEstimate({ estimate, timestamp, again, round }: Of<'estimate'>, from: NodeId): void {
    const { state } = this
    if (state.proposal !== undefined) {
      if (again) this.env.send(from, { type: 'proposal', round, value: state.proposal, again: false })
      return
    }
    state.estimates = { ...state.estimates, [from]: { estimate, timestamp } }
    if (Object.keys(state.estimates).length < this.quorum) return
    const value = newest(this.nodes.flatMap((id) => state.estimates[id] ?? []))
    // Not in the paper, where everybody proposes: none of them may have heard of anything yet.
    if (value === undefined) return
    state.proposal = value
    for (const id of this.nodes) this.env.send(id, { type: 'proposal', round, value, again: false })
  }

  /** Phase 3: taken over, durably, before anybody may count on it. */
  private onProposal({ round, value }: Of<'proposal'>, from: NodeId): void {
    const { state } = this
    if (!state.acknowledged) {
      Object.assign(state, { estimate: value, timestamp: round, acknowledged: true })
      this.persistStand()
    }
    this.env.send(from, { type: 'ack', round, again: false })
  }

  /** Phase 3, or later in the round: who has crashed will not decide it. */
  private lookAtCoordinator(): void {
    const { round, decided, acknowledged } = this.state
    const coordinator = this.coordinator(round)
    if (round === 0 || decided !== undefined || !this.detector.suspects(coordinator)) return
    if (!acknowledged) this.env.send(coordinator, { type: 'nack', round, again: false })
    this.enter(this.nextRound())
  }

  /** Phase 4: it waits for a majority's answers, its own among them, and decides if all of them are acks. */
  private onAnswer({ type }: Of<'ack' | 'nack'>, from: NodeId): void {
    const { state } = this
    if (state.proposal === undefined) return
    state.answers = { ...state.answers, [from]: type === 'ack' }
    const answers = Object.values(state.answers)
    if (answers.length < this.quorum) return
    if (answers.every((isAck) => isAck)) this.broadcast.broadcast(state.proposal)
    else this.enter(this.nextRound())
  }

  /** ⌈(n + 1)/2⌉. */
  protected get quorum(): number {
    return majority(this.nodes.length)
  }

  /** It takes part from now on by telling whoever asks. */
  private decide(value: Command): void {
    const { state } = this
    if (state.decided !== undefined) return
    state.decided = value
    this.env.persist({ type: 'decided', value })
    this.env.clearTimer('again')
    this.env.decide(1, state.round, value)
  }

  /** Links lose: whoever waits says once more what should have been answered. */
  private sayAgain(): void {
    const { state, env } = this
    const { round, proposal } = state
    if (!this.coordinates) {
      if (state.acknowledged) env.send(this.coordinator(round), { type: 'ack', round, again: true })
      else this.sendEstimate(true)
    } else if (proposal === undefined) {
      for (const id of this.missing(state.estimates)) env.send(id, { type: 'round', round, again: true })
    } else {
      for (const id of this.missing(state.answers))
        env.send(id, { type: 'proposal', round, value: proposal, again: true })
    }
    env.setTimer('again', this.options.againMin, this.options.againMax)
  }

  private missing(those: Readonly<Record<NodeId, unknown>>): readonly NodeId[] {
    return this.nodes.filter((id) => id !== this.env.self && !(id in those))
  }
}

/** Ties have one value, or are between first proposals. */
function newest(estimates: readonly Estimate[]): Command | undefined {
  let chosen: Estimate = { estimate: undefined, timestamp: 0 }
  for (const one of estimates) {
    if (one.estimate === undefined) continue
    if (chosen.estimate === undefined || one.timestamp > chosen.timestamp) chosen = one
  }
  return chosen.estimate
}
