import { Histogram } from 'synod'

/** What happened to the calls of one method. */
export interface MethodCounters {
  /** `/package.Service/Method`; empty for all calls of what there is not. */
  readonly path: string
  readonly kind: 'unary' | 'stream'
  readonly started: number
  /** By gRPC's status code, 0 to 16. */
  readonly handled: readonly number[]
  readonly messagesReceived: number
  readonly messagesSent: number
  /** Seconds. */
  readonly handling: Histogram
}

/** Prometheus' own, which etcd's have too. */
const handlingBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Of calls that did not come over gRPC. */
export class MethodCounts implements MethodCounters {
  readonly path: string
  readonly kind = 'unary'
  started = 0
  readonly handled: number[] = Array.from({ length: 17 }, () => 0)
  messagesReceived = 0
  messagesSent = 0
  readonly handling: Histogram = new Histogram(handlingBounds)

  constructor(path: string) {
    this.path = path
  }

  ended(code: number, seconds: number): void {
    this.handled[code] = (this.handled[code] ?? 0) + 1
    if (code === 0) this.messagesSent++
    this.handling.record(seconds)
  }
}
