import type { Command, NodeId } from '../../core/index.ts'
import type { DetectorMessage, Life } from '../failure-detectors/index.ts'
import type { BroadcastMessage } from './reliable-broadcast.ts'

/** Rounds count from 1; each has one coordinator. */
export type Round = number

/**
 * Of a round. `again`: said already, and not answered; whatever is said again is answered, by what its sender seems not to
 * know. The paper's links lose nothing, and so it says everything once.
 */
interface OfRound {
  readonly round: Round
  readonly again: boolean
}

/** What the participants of the algorithm over ◊S say to each other (figure 6). */
export type Message =
  /** Phase 1, to the coordinator: what its sender would decide, and when it took that over. */
  | ({ readonly type: 'estimate'; readonly estimate: Command | undefined; readonly timestamp: Round } & OfRound)
  /** Phase 2, of the coordinator. */
  | ({ readonly type: 'proposal'; readonly value: Command } & OfRound)
  /** Phase 3. A nack: its sender suspects the coordinator, and has gone on. */
  | ({ readonly type: 'ack' | 'nack' } & OfRound)
  /** Not in the paper: its sender has come that far. */
  | ({ readonly type: 'round' } & OfRound)
  /** Not in the paper: for whoever missed the broadcast. */
  | { readonly type: 'decision'; readonly value: Command }
  /** Phase 4: the decision goes out. */
  | { readonly type: 'broadcast'; readonly message: BroadcastMessage }
  | { readonly type: 'detector'; readonly message: DetectorMessage }

/** Where somebody stands: durable before anybody hears of it. */
export interface StandRecord {
  readonly type: 'stand'
  readonly round: Round
  readonly estimate: Command | undefined
  readonly timestamp: Round
}

export type Durable = Life | StandRecord | { readonly type: 'decided'; readonly value: Command }

/** Values by who proposed them; who is not in it has none yet (⊥). */
export type Values = Readonly<Record<NodeId, Command>>

/** What the participants of the algorithm over S say (figure 5). */
export type StrongMessage =
  /** Phase 1, rounds 1 to n − 1: what its sender has learnt in the round before. Phase 2, as round n: all that it knows. */
  | ({ readonly type: 'values'; readonly values: Values } & OfRound)
  | { readonly type: 'detector'; readonly message: DetectorMessage }
