import type { Front } from '../etcd/front.ts'
import type { Web } from '../http/web.ts'
import type { Meters } from '../replica.ts'
import type { MethodCounters } from './method-counts.ts'

/** What a server of gRPC counts, as plain numbers that only grow. */
export interface ServerCounters {
  readonly limitHits: Readonly<Record<string, number>>
  readonly connectionsAccepted: number
  readonly connectionsOpen: number
  readonly streamsOpen: number
  readonly bytesReceived: number
  readonly bytesSent: number
  readonly methods: readonly MethodCounters[]
}

/** Where the metrics of one member are read. */
export interface Sources {
  readonly front: Front
  readonly meters: Meters
  readonly web: Pick<Web, 'health' | 'ports' | 'gateway'>
  /** Of each address where clients connect. */
  readonly grpc: () => readonly ServerCounters[]
}
