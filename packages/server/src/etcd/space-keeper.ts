import { alarmTypes, checkQuota } from 'synod/store'
import type { Alarm, PutRequest, StoreContext, StoreError, TxnRequest } from 'synod/store'
import type { Front } from './front.ts'

/** How often it looks whether there is room again. */
const tickMs = 500
/**
 * A compaction is given back in small steps after each command. Where all writes are refused there are few commands, so it
 * goes on here: pages of at most 1,024 revisions each.
 */
const pagesPerTick = 64
/** There is room again when so much of the quota is free, not merely a byte: else every other put would raise the alarm anew. */
const freeShare = 1 / 16

/**
 * Keeps the store within the quota. A member that refuses a write for lack of space raises NOSPACE in its own name, through
 * the log, so that all members refuse; and takes it back by itself when a compaction has made room. What was raised by
 * hand is taken back by hand. For a member that is gone the leader looks after its alarm.
 */
export class SpaceKeeper {
  private readonly front: Front
  private readonly self: bigint
  private timer: NodeJS.Timeout | undefined
  /** A raising or clearing is under way. */
  private proposing = false
  /** What the store held when this member last refused a write: there is room again only where it holds less. */
  private full = Infinity

  constructor(front: Front) {
    this.front = front
    this.self = BigInt(`0x${front.seat.self}`)
  }

  start(): void {
    this.timer = setInterval(() => this.tick(), tickMs)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Why a request that takes space is refused: by an alarm, or by the quota, which raises one. */
  refuse(request: PutRequest | TxnRequest | { readonly type: 'leaseGrant' }): StoreError | undefined {
    const { store, config } = this.front
    const refused = checkQuota(request, store.sizeBytes, config.quotaBytes)
    // What an empty store has no room for says nothing of this one, and no compaction would help it.
    const fitsNowhere = checkQuota(request, 0, config.quotaBytes) !== undefined
    if (refused !== undefined && !fitsNowhere) this.raise()
    return refused
  }

  private raise(): void {
    const alarm = { alarm: alarmTypes.noSpace, member: this.self, quotaBytes: this.front.config.quotaBytes }
    this.full = this.front.store.sizeBytes
    this.propose(alarm, true)
  }

  tick(): void {
    const { store } = this.front
    store.reclaim(pagesPerTick)
    const over = store.alarms.list.find((one) => one.alarm === alarmTypes.noSpace && this.hasRoom(one))
    if (over !== undefined) this.propose(over, false)
  }

  /** An alarm of this member by the quota of today: it may have been started anew with a larger one. */
  private hasRoom({ member, quotaBytes }: Alarm): boolean {
    const { store, config, replica } = this.front
    const byHand = quotaBytes === 0
    const mine = member === this.self
    if (byHand || (!mine && !replica.standing.leading)) return false
    const quota = mine ? config.quotaBytes : quotaBytes
    return store.sizeBytes < this.full && store.sizeBytes <= quota * (1 - freeShare)
  }

  private propose(alarm: Alarm, on: boolean): void {
    if (this.proposing) return
    this.proposing = true
    const done = (): void => {
      this.proposing = false
    }
    // Whoever is refused next, or the next tick, tries again.
    const context: StoreContext = { applied: done, readable: done, failed: done }
    this.front.submit({ ...alarm, type: 'alarm', on }, context)
  }
}
