import type { Clocked, Milliseconds, NodeId, PartEnvironment, TimerName } from '../../../core/index.ts'
import type { DetectorMessage } from '../messages.ts'

/** A world that a test moves by hand: what is said is kept, timers are known by their names, the clock stands still. */
export class HandWorld implements PartEnvironment<DetectorMessage>, Clocked {
  readonly self: NodeId
  readonly sent: { readonly to: NodeId; readonly message: DetectorMessage }[] = []
  readonly timers: Map<TimerName, Milliseconds> = new Map()
  time: Milliseconds = 0

  constructor(self: NodeId) {
    this.self = self
  }

  send(to: NodeId, message: DetectorMessage): void {
    this.sent.push({ to, message })
  }

  sendAhead(to: NodeId, message: DetectorMessage): void {
    this.send(to, message)
  }

  setTimer(timer: TimerName, min: Milliseconds): void {
    this.timers.set(timer, min)
  }

  clearTimer(timer: TimerName): void {
    this.timers.delete(timer)
  }

  choose(): number {
    return 0
  }

  now(): Milliseconds {
    return this.time
  }

  /** The timer must be armed: it fires. */
  fire(detector: { timeout(timer: TimerName): void }, timer: TimerName): void {
    if (!this.timers.delete(timer)) throw new Error(`${timer} is not armed: ${[...this.timers.keys()].join(', ')}`)
    detector.timeout(timer)
  }
}

export function heartbeat(sequence: number, incarnation = 1): DetectorMessage {
  return { type: 'heartbeat', incarnation, sequence }
}
