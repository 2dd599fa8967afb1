import {
  majority,
  Rejected,
  type DiskError,
  type Logger,
  type Milliseconds,
  type NodeId,
  type Standing,
} from '../core/index.ts'

/** A peer without room says so whenever it turns entries away; what it said counts for so long. */
const believed: Milliseconds = 2000
const repeated: Milliseconds = 500

/** Whether entries can be stored: here, and at enough of the others for anything to be decided. */
export class Room {
  /** The journal here can go on. */
  here = true
  private readonly fullUntil = new Map<NodeId, Milliseconds>()
  private toldAt: Milliseconds = -Infinity

  /** Nobody has ever complained: asked for every operation. */
  get unquestioned(): boolean {
    return this.here && this.fullUntil.size === 0
  }

  /** The journal says so; true: it is to be asked again. */
  changed(state: 'ready' | 'low', cause: DiskError | undefined, log: Logger): boolean {
    this.here = state === 'ready'
    if (this.here) log.info('there is room on the disk again: taking writes')
    else log.error('the disk is full: refusing writes until there is room', { error: cause?.message })
    return !this.here
  }

  /** A peer says that its disk is full. */
  isFull(peer: NodeId, now: Milliseconds): void {
    this.fullUntil.set(peer, now + believed)
  }

  /** false: what is proposed now could not be decided, or not be stored here. */
  forWrites(standing: Standing, self: NodeId, now: Milliseconds): boolean {
    if (!this.here) return false
    for (const [peer, until] of this.fullUntil) if (until <= now) this.fullUntil.delete(peer)
    if (!standing.leading) return true
    const { voters, outgoing } = standing.membership
    return [voters, outgoing].every((half) => {
      const withRoom = half.filter((voter) => voter === self || !this.fullUntil.has(voter))
      return half.length === 0 || withRoom.length >= majority(half.length)
    })
  }

  /** Is it time to tell the leader again? */
  mayTell(now: Milliseconds): boolean {
    if (now - this.toldAt < repeated) return false
    this.toldAt = now
    return true
  }
}

export function noSpace(): Rejected {
  return new Rejected('the disk is full: no writes until there is room', { code: 'no-space' })
}
