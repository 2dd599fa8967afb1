import type { ServerCounters } from 'synod/grpc'
import type { Front } from '../etcd/front.ts'
import type { Web } from '../http/web.ts'
import type { Meters } from '../replica.ts'

/** Where the metrics of one member are read. */
export interface Sources {
  readonly front: Front
  readonly meters: Meters
  readonly web: Pick<Web, 'health' | 'ports' | 'listenersCounters' | 'gateway'>
  /** Of each address where clients connect. */
  readonly grpc: () => readonly ServerCounters[]
}

/** Of all these addresses. */
export function sum(
  counted: readonly ServerCounters[],
  field: { [Name in keyof ServerCounters]: ServerCounters[Name] extends number ? Name : never }[keyof ServerCounters],
): number {
  return counted.reduce((total, one) => total + one[field], 0)
}
