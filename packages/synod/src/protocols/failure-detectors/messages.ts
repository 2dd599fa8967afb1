import type { NodeId } from '../../core/index.ts'

/**
 * Which life of its sender a message is from, and which of that life's messages it is. A late one of an earlier life, or
 * one that was overtaken, says nothing about now.
 */
export interface Stamp {
  readonly incarnation: number
  readonly sequence: number
}

/** What detectors say to each other. */
export type DetectorMessage =
  /** I am alive (figure 10). */
  | ({ readonly type: 'heartbeat' } & Stamp)
  /** Are you? Asked round the ring. */
  | ({ readonly type: 'ask' } & Stamp)
  | ({ readonly type: 'alive' } & Stamp)
  /** Whom its sender suspects (figure 3); by saying so it is alive itself. */
  | ({ readonly type: 'suspicions'; readonly suspected: readonly NodeId[] } & Stamp)

/** What is on the disk of a process that does nothing but detect. */
export interface Life {
  readonly type: 'life'
  readonly incarnation: number
}
