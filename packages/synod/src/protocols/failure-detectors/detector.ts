import type { NodeId, TimerName } from '../../core/index.ts'
import type { DetectorMessage, Stamp } from './messages.ts'

/**
 * What a protocol that holds a detector may ask of it. Its output may change at each of its events, and only then: the
 * holder looks again after `receive` and `timeout`.
 */
export interface FailureDetector {
  /** The holder has started, in a life that its disk knows of. */
  start(incarnation: number): void
  receive(message: DetectorMessage, from: NodeId): void
  timeout(timer: TimerName): void
  suspects(id: NodeId): boolean
  /** Sorted. Never itself. */
  readonly suspected: readonly NodeId[]
}

/** What a detector promises (Chandra and Toueg 1996, §2.4). */
export interface DetectorClass {
  readonly name: string
  /** Of who crashed: suspected for ever by every correct process, or by some. */
  readonly completeness: 'strong' | 'weak'
  /**
   * Of who did not: `strong`: nobody is ever suspected before it crashes; `weak`: somebody never is. `eventual`: so from
   * some moment on.
   */
  readonly accuracy: 'strong' | 'weak' | 'eventual strong' | 'eventual weak'
  /** Where it keeps that promise. */
  readonly assumes: string
}

/** What every detector keeps: which of its messages was the last, whom it heard when, and whom it suspects. */
export interface DetectorState {
  readonly incarnation: number
  readonly sequence: number
  /** The newest stamp of each. */
  readonly heard: Readonly<Record<NodeId, Stamp>>
  /** Sorted. */
  readonly suspected: readonly NodeId[]
}

export const initialDetectorState: DetectorState = { incarnation: 0, sequence: 0, heard: {}, suspected: [] }

/** How what was heard compares with what was heard before. */
export type Freshness = 'stale' | 'newer' | 'another life'

export function freshness({ heard }: DetectorState, { incarnation, sequence }: Stamp, from: NodeId): Freshness {
  const last = heard[from]
  if (last === undefined) return 'newer'
  if (incarnation !== last.incarnation) return incarnation > last.incarnation ? 'another life' : 'stale'
  return sequence > last.sequence ? 'newer' : 'stale'
}

export function including(list: readonly NodeId[], id: NodeId): readonly NodeId[] {
  return list.includes(id) ? list : [...list, id].toSorted()
}

export function without(list: readonly NodeId[], id: NodeId): readonly NodeId[] {
  return list.includes(id) ? list.filter((other) => other !== id) : list
}
