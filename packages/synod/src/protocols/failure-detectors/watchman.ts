import type { Clocked, Environment, NodeId, Protocol, TimerName } from '../../core/index.ts'
import type { FailureDetector } from './detector.ts'
import { initialDetection, makeDetector, type Detection, type DetectorOptions } from './kinds.ts'
import type { DetectorMessage, Life } from './messages.ts'

export type WatchmanEnvironment = Environment<DetectorMessage, Life> & Clocked

export interface WatchmanState {
  /** How often it was started. */
  incarnation: number
  detection: Detection
}

/** The smallest holder of a detector: a process that watches the others, and does nothing else. */
export class Watchman implements Protocol<WatchmanState, DetectorMessage, Life> {
  state: WatchmanState
  readonly detector: FailureDetector
  private readonly env: WatchmanEnvironment

  constructor(env: WatchmanEnvironment, nodes: readonly NodeId[], options: DetectorOptions) {
    this.env = env
    this.state = { incarnation: 0, detection: initialDetection(options.kind) }
    this.detector = makeDetector(env, nodes, options, () => this.state.detection)
  }

  restore({ incarnation }: Life): void {
    this.state.incarnation = incarnation
  }

  /** A life that nobody can mistake for an earlier one: it is on disk before anybody hears of it. */
  start(): void {
    this.state.incarnation++
    this.env.persist({ type: 'life', incarnation: this.state.incarnation })
    this.detector.start(this.state.incarnation)
  }

  receive(message: DetectorMessage, from: NodeId): void {
    this.detector.receive(message, from)
  }

  timeout(timer: TimerName): void {
    this.detector.timeout(timer)
  }
}
