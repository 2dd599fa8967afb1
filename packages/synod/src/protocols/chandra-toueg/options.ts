import type { Milliseconds, NodeId, PartEnvironment } from '../../core/index.ts'
import type { Detection, DetectorMessage, FailureDetector } from '../failure-detectors/index.ts'

/** How a participant's detector is made: it is of the class that the algorithm needs, or the algorithm is not what it says. */
export type DetectorMaker = (
  env: PartEnvironment<DetectorMessage>,
  nodes: readonly NodeId[],
  place: () => Detection,
) => FailureDetector

export interface ChandraTouegOptions {
  readonly detector: DetectorMaker
  /** What was not answered is said again after a time between these. */
  readonly againMin: Milliseconds
  readonly againMax: Milliseconds
}
