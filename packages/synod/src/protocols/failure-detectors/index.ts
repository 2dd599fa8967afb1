/**
 * Failure detectors as parts that other protocols hold: each says whom it suspects, and which mistakes it may make.
 *
 * ```ts
 * class Mine {
 *   state = { detection: initialDetection('heartbeat'), … }
 *   detector = makeDetector(lend(env, 'detector', (message) => ({ type: 'detector', message })), nodes, options, () => this.state.detection)
 *   start() { this.detector.start(incarnation) }
 *   // its messages and timers are handed on, and then: if (this.detector.suspects(coordinator)) …
 * }
 * ```
 *
 * The README beside this file has the classes, what each detector assumes, and where this code departs from the papers.
 *
 * @module
 */
export { AccrualDetector } from './accrual.ts'
export type { AccrualOptions, AccrualState } from './accrual.ts'
export { detectorCodec, readDetectorMessage, writeDetectorMessage } from './codec.ts'
export { initialDetectorState } from './detector.ts'
export type { DetectorClass, DetectorState, FailureDetector } from './detector.ts'
export { GossipDetector } from './gossip.ts'
export type { GossipOptions } from './gossip.ts'
export { HeartbeatDetector, initialHeartbeatState } from './heartbeat.ts'
export type { HeartbeatOptions, HeartbeatState } from './heartbeat.ts'
export { watchmanInvariants } from './invariants.ts'
export type { WatchmanNode } from './invariants.ts'
export { initialDetection, makeDetector, promises } from './kinds.ts'
export type { Detection, DetectorKind, DetectorOptions } from './kinds.ts'
export type { HeartbeatInterval } from './listening.ts'
export type { DetectorMessage, Life, Stamp } from './messages.ts'
export { PerfectDetector } from './perfect.ts'
export type { PerfectOptions } from './perfect.ts'
export { arrived, later, noArrivals, phi, phiExponential, phiNormal } from './phi.ts'
export type { ArrivalOptions, Arrivals, Distribution } from './phi.ts'
export { RingDetector } from './ring.ts'
export type { RingOptions, RingState } from './ring.ts'
export { Watchman } from './watchman.ts'
export type { WatchmanEnvironment, WatchmanState } from './watchman.ts'
