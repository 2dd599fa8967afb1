import type { Command, NodeId } from '../../core/index.ts'
import { initialDetection, type Detection } from '../failure-detectors/index.ts'
import type { Round, Values } from './messages.ts'
import { initialBroadcastState, type BroadcastState } from './reliable-broadcast.ts'

export interface Estimate {
  readonly estimate: Command | undefined
  readonly timestamp: Round
}

/** Of one participant of the algorithm over ◊S. */
export interface ChandraTouegState {
  // On disk
  incarnation: number
  /** 0: it has heard of nothing that is to be decided. */
  round: Round
  /** What it would decide. */
  estimate: Command | undefined
  /** The round in which it took that over from a coordinator; 0: it is its own proposal. */
  timestamp: Round
  decided: Command | undefined

  // Of this round
  /** It has acknowledged the proposal. */
  acknowledged: boolean
  /** Of the coordinator: whose estimates it has. */
  estimates: Readonly<Record<NodeId, Estimate>>
  /** Of the coordinator: what it has proposed. */
  proposal: Command | undefined
  /** Of the coordinator: true for an ack, false for a nack. */
  answers: Readonly<Record<NodeId, boolean>>

  // Of the parts
  broadcast: BroadcastState
  detection: Detection
}

export function initialChandraTouegState(): ChandraTouegState {
  return {
    incarnation: 0,
    round: 0,
    estimate: undefined,
    timestamp: 0,
    decided: undefined,
    acknowledged: false,
    estimates: {},
    proposal: undefined,
    answers: {},
    broadcast: { ...initialBroadcastState },
    detection: initialDetection('heartbeat'),
  }
}

/** Of one participant of the algorithm over S. */
export interface StrongState {
  /** 0: not begun; from 1 to n − 1 the rounds of phase 1; n: phase 2. */
  round: Round
  /** V of figure 5. */
  known: Values
  /** What it has said in each round: for who lost it. */
  said: Readonly<Record<Round, Values>>
  /** What it has heard in each round, itself included. */
  heard: Readonly<Record<Round, Readonly<Record<NodeId, Values>>>>
  decided: Command | undefined
  detection: Detection
}

export function initialStrongState(): StrongState {
  return { round: 0, known: {}, said: {}, heard: {}, decided: undefined, detection: initialDetection('perfect') }
}
