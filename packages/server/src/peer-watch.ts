import { arrived, later, noArrivals, phi, type ArrivalOptions, type Arrivals } from 'synod/failure-detectors'
import { membersOf, type NodeId, type Standing } from 'synod'

/** Of one peer. */
interface Heard {
  arrivals: Arrivals
  /** When an interval was last taken. */
  sampled: number
  last: number
}

/** An interval that is as long as so many heartbeats was an outage: how long it was says nothing about heartbeats. */
const outage = 10

/** How unlikely the silence of each peer is: φ with a normal distribution, for people to look at. Nothing is decided by it. */
export class PeerWatch {
  private readonly options: ArrivalOptions
  private readonly clock: () => number
  private readonly peers = new Map<NodeId, Heard>()
  private readonly began: number

  /** `clock`: in milliseconds, and never goes back. */
  constructor(heartbeatInterval: number, clock: () => number) {
    this.options = { expected: heartbeatInterval, samples: 100, deviationMin: heartbeatInterval / 4 }
    this.clock = clock
    this.began = clock()
  }

  /** Anything that a peer says shows that it is alive. Under load that is more often than a heartbeat, which is no interval. */
  heard(from: NodeId): void {
    const now = this.clock()
    const heard = this.peers.get(from)
    if (heard === undefined) {
      this.peers.set(from, { arrivals: noArrivals(now, this.options), sampled: now, last: now })
      return
    }
    heard.last = now
    const { expected } = this.options
    const interval = now - heard.sampled
    if (interval < expected / 2) return
    const since = later(heard.arrivals, now - Math.min(interval, outage * expected) - heard.arrivals.last)
    heard.arrivals = arrived(since, now, false, this.options)
    heard.sampled = now
  }

  /** Of those that speak to this member by themselves: a leader hears everybody, the others hear their leader. */
  phis(
    standing: Pick<Standing, 'leading' | 'leader' | 'membership'>,
    self: NodeId,
  ): { readonly id: NodeId; readonly phi: number }[] {
    const { leading, leader, membership } = standing
    const speaking = leading ? membersOf(membership) : leader === undefined ? [] : [leader]
    const now = this.clock()
    return speaking
      .filter((id) => id !== self)
      .map((id) => {
        const heard = this.peers.get(id)
        if (heard === undefined) return { id, phi: phi(noArrivals(this.began, this.options), now, 'normal') }
        const { arrivals, last } = heard
        return { id, phi: phi(later(arrivals, last - arrivals.last), now, 'normal') }
      })
  }
}
