import { randomBytes } from 'node:crypto'
import type { Lease, StoreObserver } from 'synod/store'
import type { Front } from './front.ts'

/** How often it looks for leases that are over. */
const tickMs = 500
/** So many leases end in one tick at most: 1000 a second, as with etcd, so that clients' writes find room between them. */
const endsPerTick = 500

interface Countdown {
  readonly id: bigint
  readonly grantedAt: number
  readonly endsAt: number
}

/**
 * Lets leases end. Only the leader counts time, by its own clock, and only what the log decides ends a lease. Who comes
 * to lead gives every lease its whole time again: nobody knows how much of it the leader before had counted. That it
 * has taken over is itself decided, so that an earlier leader, which does not know yet, can end none any more.
 */
export class Lessor implements StoreObserver {
  private readonly front: Front
  private readonly now: () => number
  private timer: NodeJS.Timeout | undefined
  /** The term in which this member leads and counts; 0 when it does not. */
  private term = 0
  private readonly countdowns = new Map<bigint, Countdown>()
  /** Proposed, and neither decided nor refused yet. */
  private readonly ending = new Set<bigint>()
  /** What this member has asked the leader, and whom it tells. */
  private readonly questions = new Map<bigint, (seconds: number) => void>()

  constructor(front: Front, now: () => number = () => performance.now()) {
    this.front = front
    this.now = now
  }

  start(): void {
    this.front.machine.observe(this)
    this.timer = setInterval(() => this.tick(), tickMs)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  tick(): void {
    const { leading, term } = this.front.replica.standing
    if (!leading) {
      this.term = 0
      return
    }
    if (term !== this.term) this.takeOver(term)
    // No lease ends while this is on.
    if (this.front.store.alarms.corrupt) return
    const now = this.now()
    let ends = 0
    for (const countdown of this.countdowns.values()) {
      if (countdown.endsAt > now || this.ending.has(countdown.id)) continue
      if (++ends > endsPerTick) return
      this.end(countdown)
    }
  }

  private takeOver(term: number): void {
    this.term = term
    this.countdowns.clear()
    this.ending.clear()
    const now = this.now()
    for (const lease of this.front.store.leases.values()) this.begin(lease, now)
    this.front.submit(
      { type: 'leaseLead', term },
      {
        applied: () => {},
        readable: () => {},
        // Whoever asks again does so in the next tick.
        failed: () => {
          if (this.term === term) this.term = 0
        },
      },
    )
  }

  /** Called by the store: a lease that is granted while this member leads begins to run. */
  granted(lease: Lease): void {
    if (this.term !== 0) this.begin(lease, this.now())
  }

  ended({ id }: Lease): void {
    this.countdowns.delete(id)
  }

  /** Only who fell behind gets a snapshot, so it does not lead. */
  restored(): void {
    this.term = 0
  }

  // How long a lease still runs

  /** In whole seconds, if this member counts them; undefined: another one does, or nobody yet. */
  remaining(id: bigint): number | undefined {
    const countdown = this.term === 0 || !this.front.replica.standing.leading ? undefined : this.countdowns.get(id)
    if (countdown === undefined) return undefined
    return Math.max(0, Math.floor((countdown.endsAt - this.now()) / 1000))
  }

  /** Who ends first comes first, as far as this member knows: where it does not count, who runs shortest. */
  leases(): Lease[] {
    const counts = this.term !== 0 && this.front.replica.standing.leading
    const endOf = ({ id, ttlSeconds }: Lease): number =>
      counts ? (this.countdowns.get(id)?.endsAt ?? Number.MAX_VALUE) : ttlSeconds
    return [...this.front.store.leases.values()].toSorted((a, b) => endOf(a) - endOf(b) || a.grantedAt - b.grantedAt)
  }

  /**
   * Asks whoever leads, through the log: it reaches the leader whoever that is, wherever it listens. The answer may never
   * come, as when the leader has changed: whoever asks asks again. What it returns takes the question back.
   */
  ask(id: bigint, told: (seconds: number) => void): () => void {
    const question = BigInt.asIntN(64, randomBytes(8).readBigUInt64BE())
    this.questions.set(question, told)
    const ignore = (): void => {}
    this.front.submit({ type: 'leaseAsk', id, question }, { applied: ignore, readable: ignore, failed: ignore })
    return () => void this.questions.delete(question)
  }

  /**
   * Called by the store, which must not be changed meanwhile. A leader that starts meets in its log thousands of questions of
   * long ago: what was asked before it took over was answered then, or is asked again.
   */
  asked(id: bigint, question: bigint): void {
    const { leading, term } = this.front.replica.standing
    if (!leading || this.front.store.leases.term !== term) return
    setImmediate(() => this.tell(id, question))
  }

  private tell(id: bigint, question: bigint): void {
    // Who has just come to lead has to begin counting first.
    this.tick()
    const seconds = this.remaining(id)
    if (seconds === undefined) return
    const ignore = (): void => {}
    this.front.submit({ type: 'leaseTell', question, seconds }, { applied: ignore, readable: ignore, failed: ignore })
  }

  told(question: bigint, seconds: number): void {
    this.questions.get(question)?.(seconds)
  }

  private begin({ id, grantedAt, ttlSeconds }: Lease, now: number): void {
    this.countdowns.set(id, { id, grantedAt, endsAt: now + ttlSeconds * 1000 })
  }

  private end({ id, grantedAt }: Countdown): void {
    const { term } = this
    this.ending.add(id)
    const done = (): void => void this.ending.delete(id)
    this.front.submit({ type: 'leaseExpire', id, grantedAt, term }, { applied: done, readable: done, failed: done })
  }
}
