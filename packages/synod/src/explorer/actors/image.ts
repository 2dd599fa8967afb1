import type { NodeId, TimerName } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import type { Output } from './system.ts'

export interface Outgoing<Message> {
  readonly to: NodeId
  readonly message: Message
}

/** All of one node: what its handlers see, what surrounds it, and its disk. One number stands for it in a state. */
export type Image<State, Message, Durable> =
  | {
      readonly phase: 'up'
      readonly state: State
      /** Armed, sorted. When each fires is open. */
      readonly timers: readonly TimerName[]
      /** What is durable, folded. */
      readonly durable: State
      readonly unsynced: readonly Durable[]
      /** Messages that wait for the sync. */
      readonly held: readonly Outgoing<Message>[]
    }
  | { readonly phase: 'down'; readonly durable: State }
  /** Something was broken in a handler, or between before and after. It does nothing any more. */
  | { readonly phase: 'failed'; readonly property: string; readonly text: string; readonly durable: State }

/** What may happen at a node. */
export type NodeEvent<Message> =
  | { readonly type: 'deliver'; readonly from: NodeId; readonly message: Message }
  | { readonly type: 'timeout'; readonly timer: TimerName }
  | { readonly type: 'input'; readonly input: number }
  | { readonly type: 'sync' | 'crash' | 'restart' }

/** What comes of it: one of these for each side on which its coins may fall. */
export interface Outcome<State, Message, Durable> {
  readonly image: Image<State, Message, Durable>
  readonly sends: readonly Outgoing<Message>[]
  readonly outputs: readonly Output[]
}

/** No order is promised between two messages: if one showed, it would make two states of one. */
export function unordered<Message>(held: readonly Outgoing<Message>[]): readonly Outgoing<Message>[] {
  const texts = held.map((outgoing) => [encode(outgoing), outgoing] as const)
  return texts.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, outgoing]) => outgoing)
}
