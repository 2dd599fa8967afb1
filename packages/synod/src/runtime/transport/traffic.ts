import { doublingBounds, Histogram, type NodeId } from '../../core/index.ts'

/** What went between this member and one peer, as plain numbers: whoever wants to know reads them. */
export interface PeerTraffic {
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Frames that were dropped: there was no connection, or its queue was full. */
  readonly sendFailures: number
  /** Connections to it that worked and were lost. */
  readonly disconnections: number
  /** Seconds from a probe to its acknowledgement by the peer's process. */
  readonly roundTrip: Histogram
  /** This member is connected to it. */
  readonly connected: boolean
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const roundTripBounds = doublingBounds(0.0001, 16)

/** Of all peers that there have been. */
export class Traffic {
  readonly peers: Map<NodeId, Writable<PeerTraffic>> = new Map()

  of(peer: NodeId): Writable<PeerTraffic> {
    const known = this.peers.get(peer)
    if (known !== undefined) return known
    const made: Writable<PeerTraffic> = {
      sentBytes: 0,
      receivedBytes: 0,
      sendFailures: 0,
      disconnections: 0,
      roundTrip: new Histogram(roundTripBounds),
      connected: false,
    }
    this.peers.set(peer, made)
    return made
  }
}
