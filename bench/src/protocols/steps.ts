import type { Milliseconds, NodeId } from 'synod'
import type { Duration } from 'synod/simulator'

// What a protocol costs when nothing goes wrong is counted in a simulated world in which every frame takes the same time, a sync so
// much less that the two can be told apart in a sum, and nothing else takes any. Sums of both are exact.

const delay: Milliseconds = 1
const sync: Milliseconds = 1 / 1024

/** What things take in such a world. */
export const times: {
  readonly latency: Duration
  readonly diskTime: Duration
  readonly syncTime: Duration
} = { latency: always(delay), diskTime: always(0), syncTime: always(sync) }

function always(time: Milliseconds): Duration {
  return { kind: 'uniform', min: time, max: time }
}

/** How many messages, and how many syncs, came one after the other. */
export interface Steps {
  readonly delays: number
  readonly syncs: number
}

export function stepsIn(time: Milliseconds): Steps {
  const delays = Math.floor(time / delay)
  return { delays, syncs: (time - delays * delay) / sync }
}

export function names(n: number): NodeId[] {
  return Array.from({ length: n }, (_, i) => `n${i}`)
}
