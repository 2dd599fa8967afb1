import type { Measured } from './loaded-cluster.ts'
import type { Row } from './rows.ts'
import { total } from './loaded-cluster.ts'

/** What a row has to reach, beside etcd in the same run. */
export interface Bar {
  /** Requests a second, at least so many times etcd's. */
  readonly rate?: number
  /** Processor time of all members a request, at most this share of etcd's. */
  readonly cpu?: number
  /** The 99th percentile of the latency is no longer than etcd's. */
  readonly p99?: boolean
}

/** The bars hold where a sync takes no longer than this at the median: on a slower disk both servers wait for it. */
export const syncP50UsMax = 200

const half = 1 / 2
const third = 1 / 3

/** The bar of a row in a cluster of three. */
export function barOf({ body, connections, streams, rate }: Row): Bar {
  if (body !== 'put') return { rate: 2 }
  if (rate !== undefined) return { cpu: third, p99: true }
  if (connections * streams === 1) return { rate: 1.5, cpu: half }
  return { rate: streams >= 8 ? 4 : 2.5, cpu: third }
}

/** Each part of the bar, with what was measured and whether that reaches it. */
export function judged(bar: Bar, theirs: Measured, ours: Measured): string {
  const ratio = ours.perSecond / theirs.perSecond
  const share = total(ours.cpu) / total(theirs.cpu)
  const parts = [
    bar.rate === undefined ? undefined : [`/s ≥ ${bar.rate}x`, ratio >= bar.rate],
    bar.cpu === undefined ? undefined : [`CPU ≤ 1/${Math.round(1 / bar.cpu)}`, share <= bar.cpu],
    bar.p99 === undefined ? undefined : ['p99 not worse', ours.p99Ms <= theirs.p99Ms],
  ]
  return parts
    .filter((part) => part !== undefined)
    .map(([text, isMet]) => `${text}: ${isMet === true ? 'met' : '**missed**'}`)
    .join('; ')
}
