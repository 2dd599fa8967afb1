import type { Codec, LogEngine, MembershipChange, NodeId, Ports, Standing, StateMachine } from '../core/index.ts'
import type { ChangeAnswer } from './changes.ts'
import type { EngineEnvironment } from './effects.ts'
import type { MemberOptions } from './options.ts'
import type { About } from './publication.ts'

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
  /** It was removed from the cluster: it takes nothing any more, and is about to halt. */
  readonly departing: boolean
  /** Hands leadership over; false: not the leader, or nobody to take it. */
  transfer(to?: NodeId): boolean
  /**
   * Changes the membership; any member takes it. `answer` is called once, later, never inside the call. A contact that is
   * given says what is to be different from what is known: see `Contact`.
   */
  change(changes: readonly MembershipChange[], answer: ChangeAnswer): void
  /** What this member is called, and where clients reach it: told to the cluster as often as it takes. */
  publish(about: About): void
}

/** `opening`: reading its disk. `joining`: its disk is new, and not all others have welcomed it. */
export type Phase = 'opening' | 'joining' | 'running' | 'stopping' | 'halted'
