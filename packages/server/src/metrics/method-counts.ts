import { Histogram } from 'synod'
import { handlingBounds } from 'synod/grpc'
import type { MethodCounters } from 'synod/grpc'

/** Of the calls of one method that did not come over gRPC. */
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
