import type { Clocked, NodeId, PartEnvironment } from '../../core/index.ts'
import { AccrualDetector, initialAccrualState, type AccrualOptions, type AccrualState } from './accrual.ts'
import { initialDetectorState, type DetectorClass, type DetectorState, type FailureDetector } from './detector.ts'
import { GossipDetector, type GossipOptions } from './gossip.ts'
import { HeartbeatDetector, initialHeartbeatState, type HeartbeatOptions, type HeartbeatState } from './heartbeat.ts'
import type { DetectorMessage } from './messages.ts'
import { PerfectDetector, type PerfectOptions } from './perfect.ts'
import { initialRingState, RingDetector, type RingOptions, type RingState } from './ring.ts'

/** One of the detectors, with what it needs to know. `gossip` is the reduction over a ring. */
export type DetectorOptions =
  | ({ readonly kind: 'heartbeat' } & HeartbeatOptions)
  | ({ readonly kind: 'accrual' } & AccrualOptions)
  | ({ readonly kind: 'perfect' } & PerfectOptions)
  | ({ readonly kind: 'ring' } & RingOptions)
  | ({ readonly kind: 'gossip' } & RingOptions & GossipOptions)

export type DetectorKind = DetectorOptions['kind']

/** What each of them promises, and where. */
export const promises: Readonly<Record<DetectorKind, DetectorClass>> = {
  heartbeat: HeartbeatDetector.promises,
  accrual: AccrualDetector.promises,
  perfect: PerfectDetector.promises,
  ring: RingDetector.promises,
  gossip: GossipDetector.promises,
}

/** The state of any of them, for a holder to keep. */
export interface Detection {
  readonly output: DetectorState
  /** Of the detector below a reduction. */
  readonly inner: DetectorState
}

const outputs: Readonly<Record<DetectorKind, DetectorState>> = {
  heartbeat: initialHeartbeatState,
  accrual: initialAccrualState,
  perfect: initialDetectorState,
  ring: initialRingState,
  gossip: initialDetectorState,
}

export function initialDetection(kind: DetectorKind): Detection {
  return { output: { ...outputs[kind] }, inner: { ...initialRingState } }
}

/** `place`: where its holder keeps what `initialDetection` gave it. */
export function makeDetector(
  env: PartEnvironment<DetectorMessage> & Clocked,
  nodes: readonly NodeId[],
  options: DetectorOptions,
  place: () => Detection,
): FailureDetector {
  switch (options.kind) {
    case 'heartbeat':
      return new HeartbeatDetector(env, nodes, options, () => place().output as HeartbeatState)
    case 'accrual':
      return new AccrualDetector(env, nodes, options, () => place().output as AccrualState)
    case 'perfect':
      return new PerfectDetector(env, nodes, options, () => place().output)
    case 'ring':
      return new RingDetector(env, nodes, options, () => place().output as RingState)
    case 'gossip': {
      const ring = new RingDetector(env, nodes, options, () => place().inner as RingState)
      return new GossipDetector(env, nodes, ring, options, () => place().output)
    }
  }
}
