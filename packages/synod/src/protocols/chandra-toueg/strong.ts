import {
  assert,
  lend,
  timerOf,
  type Command,
  type Decides,
  type Environment,
  type NodeId,
  type Protocol,
  type TimerName,
} from '../../core/index.ts'
import type { DetectorMessage, FailureDetector } from '../failure-detectors/index.ts'
import type { Round, StrongMessage, Values } from './messages.ts'
import type { ChandraTouegOptions } from './options.ts'
import { initialStrongState, type StrongState } from './state.ts'

export type StrongEnvironment = Environment<StrongMessage, never> & Decides

/**
 * Consensus over S, so also over P, for any f < n (Chandra and Toueg 1996, figure 5). n − 1 rounds in which everybody relays
 * what it has learnt, so that what one knows who is never suspected is known by all; then only what all know is kept,
 * and the first of it is decided. Who crashes stays away, and a detector that suspects everybody once breaks agreement.
 */
export class StrongConsensus implements Protocol<StrongState, StrongMessage, never> {
  state: StrongState = initialStrongState()
  private readonly env: StrongEnvironment
  private readonly nodes: readonly NodeId[]
  private readonly others: readonly NodeId[]
  private readonly options: ChandraTouegOptions
  private readonly detector: FailureDetector

  constructor(env: StrongEnvironment, nodes: readonly NodeId[], options: ChandraTouegOptions) {
    this.env = env
    this.nodes = nodes
    this.others = nodes.filter((id) => id !== env.self)
    this.options = options
    this.detector = options.detector(
      lend<DetectorMessage, StrongMessage>(env, 'detector', (message) => ({ type: 'detector', message })),
      nodes,
      () => this.state.detection,
    )
  }

  /** There are no records: who crashes stays away. */
  restore(): void {
    return undefined
  }

  start(): void {
    this.detector.start(1)
  }

  /** false: it has begun already. */
  propose(command: Command): boolean {
    if (this.state.round > 0) return false
    this.state.known = { [this.env.self]: command }
    this.say(1, this.state.known)
    this.goOn()
    return true
  }

  receive(message: StrongMessage, from: NodeId): void {
    if (message.type === 'detector') this.detector.receive(message.message, from)
    else this.onValues(message, from)
    this.goOn()
  }

  timeout(timer: TimerName): void {
    const ofDetector = timerOf('detector', timer)
    if (ofDetector === undefined) return this.sayAgain()
    this.detector.timeout(ofDetector)
    this.goOn()
  }

  private onValues({ round, values, again }: Extract<StrongMessage, { type: 'values' }>, from: NodeId): void {
    this.hear(round, from, values)
    // In the paper everybody proposes: who was not asked takes over what it hears of first.
    const first = this.nodes.map((id) => values[id]).find((value) => value !== undefined)
    if (first !== undefined) this.propose(first)
    const said = this.state.said[round]
    if (again && said !== undefined) this.env.send(from, { type: 'values', round, values: said, again: false })
  }

  private say(round: Round, values: Values): void {
    const { state } = this
    state.round = round
    state.said = { ...state.said, [round]: values }
    this.hear(round, this.env.self, values)
    for (const id of this.others) this.env.send(id, { type: 'values', round, values, again: false })
    this.env.setTimer('again', this.options.againMin, this.options.againMax)
  }

  private hear(round: Round, from: NodeId, values: Values): void {
    const { state } = this
    const before = state.heard[round] ?? {}
    if (!(from in before)) state.heard = { ...state.heard, [round]: { ...before, [from]: values } }
  }

  /** "Wait until for each q: received from q, or q is suspected." */
  private goOn(): void {
    while (this.state.round > 0 && this.state.decided === undefined && this.waitsFor().length === 0) this.endRound()
  }

  private waitsFor(): readonly NodeId[] {
    const heard = this.state.heard[this.state.round] ?? {}
    return this.others.filter((id) => !(id in heard) && !this.detector.suspects(id))
  }

  private endRound(): void {
    const { state, nodes } = this
    const heard = Object.values(state.heard[state.round] ?? {})
    if (state.round === nodes.length) return this.decide(heard)
    const learnt: Record<NodeId, Command> = {}
    for (const id of nodes) {
      const value = heard.find((values) => values[id] !== undefined)?.[id]
      if (value !== undefined && state.known[id] === undefined) learnt[id] = value
    }
    state.known = { ...state.known, ...learnt }
    this.say(state.round + 1, state.round + 1 === nodes.length ? state.known : learnt)
  }

  /** Phase 3: what somebody does not know is no candidate. */
  private decide(heard: readonly Values[]): void {
    const { state } = this
    const first = this.nodes.find((id) => heard.every((values) => values[id] !== undefined))
    const value = first === undefined ? undefined : state.known[first]
    assert(value !== undefined, 'weak accuracy: what one knows who is never suspected is known by all')
    state.decided = value
    this.env.clearTimer('again')
    this.env.decide(1, state.round, value)
  }

  private sayAgain(): void {
    const { round, said } = this.state
    for (const id of this.waitsFor())
      this.env.send(id, { type: 'values', round, values: said[round] ?? {}, again: true })
    this.env.setTimer('again', this.options.againMin, this.options.againMax)
  }
}
