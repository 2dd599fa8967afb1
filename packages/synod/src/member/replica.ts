import type { Codec, LogEngine, NodeId, Ports, Standing, StateMachine } from '../core/index.ts'
import type { EngineEnvironment } from './effects.ts'
import type { MemberOptions } from './options.ts'

export interface Parts<Message, Durable, Context> {
  readonly ports: Ports
  readonly engine: (env: EngineEnvironment<Message, Durable>) => LogEngine<unknown, Message, Durable>
  readonly codec: Codec<Message, Durable>
  readonly machine: StateMachine<Context>
  readonly options: MemberOptions
}

/** What clients' operations are given to. */
export interface Replica<Context> {
  /** The operation is copied. `context` is answered once, later, never inside the call. Any member takes it. */
  submit(operation: Uint8Array, context: Context): void
  /** `machine.read(context)` is called when the state machine is recent enough for a linearizable answer. */
  read(context: Context): void
  readonly standing: Standing
  /** Hands leadership over; false: not the leader, or nobody to take it. */
  transfer(to?: NodeId): boolean
}

/** `opening`: reading its disk. `joining`: its disk is new, and not all others have welcomed it. */
export type Phase = 'opening' | 'joining' | 'running' | 'stopping' | 'halted'
