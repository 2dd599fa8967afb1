import type { ServerCounters } from 'synod/grpc'
import type { Front } from '../etcd/front.ts'
import type { Web } from '../http/web.ts'
import type { Meters } from '../replica.ts'

/** Where the metrics of one member are read. */
export interface Sources {
  readonly front: Front
  readonly meters: Meters
  readonly web: Pick<Web, 'health' | 'ports' | 'gateway'>
  /** Of each address where clients connect. */
  readonly grpc: () => readonly ServerCounters[]
}
