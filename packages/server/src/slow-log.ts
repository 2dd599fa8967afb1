import { Rejected } from 'synod'
import type { Failure, Index, Logger, Milliseconds, SnapshotSink, SnapshotSource, StateMachine } from 'synod'
import type { Member } from 'synod/member'
import type { StoreContext } from 'synod/store'

/** From what time on something is slow, in milliseconds; 0: never. */
export interface SlowThresholds {
  readonly slowRequestThreshold: number
  readonly slowSyncThreshold: number
}

type StoreMember = Member<unknown, unknown, StoreContext>

/** What of a member it looks at. */
export interface Watched {
  readonly proposals: Pick<StoreMember['proposals'], 'passage'>
  readonly reads: Pick<StoreMember['reads'], 'passage'>
  readonly syncs: Pick<StoreMember['syncs'], 'took'>
}

const once = 1000
/** Syncs that are remembered, for the writes that waited for them. */
const remembered = 16

/**
 * Says in the log what was slow, and where the time went: once a second at most for each kind, and how many there were beside it.
 * It stands between the member and its state machine and looks at the clock once for each command, whatever it carries: nothing is
 * measured or allocated for a request. Neither keys nor values nor tokens are told, as names of keys may be somebody's secret
 * too: numbers and sizes alone.
 */
export class SlowLog implements StateMachine<StoreContext> {
  private readonly machine: StateMachine<StoreContext>
  private readonly clock: () => Milliseconds
  private readonly request: Milliseconds
  private readonly sync: Milliseconds
  private readonly writes: Occasionally
  private readonly reads: Occasionally
  private readonly syncs: Occasionally
  private readonly failures: Occasionally
  private member: Watched | undefined
  private lastRead: object | undefined
  /** A ring: when each of the last syncs ended, and how long it took. */
  private readonly ended: Float64Array = new Float64Array(remembered)
  private readonly took: Float64Array = new Float64Array(remembered)
  private next = 0

  constructor(
    machine: StateMachine<StoreContext>,
    { slowRequestThreshold, slowSyncThreshold }: SlowThresholds,
    log: Logger,
    clock: () => Milliseconds = () => performance.now(),
  ) {
    this.machine = machine
    this.clock = clock
    this.request = slowRequestThreshold === 0 ? Infinity : slowRequestThreshold
    this.sync = slowSyncThreshold === 0 ? Infinity : slowSyncThreshold
    this.writes = new Occasionally(log, 'slow write')
    this.reads = new Occasionally(log, 'slow read')
    this.syncs = new Occasionally(log, 'slow sync of the journal')
    this.failures = new Occasionally(log, 'requests end without an answer')
  }

  /** The member that applies to this machine; from now on its syncs are watched too. */
  watch(member: Watched): void {
    this.member = member
    member.syncs.took = (time) => this.synced(time)
  }

  apply(index: Index, operations: Uint8Array, contexts: readonly StoreContext[] | undefined): void {
    this.machine.apply(index, operations, contexts)
    if (contexts !== undefined && this.member !== undefined) this.wrote(this.member, this.clock())
  }

  private wrote({ proposals: { passage } }: Watched, now: Milliseconds): void {
    const { opened, proposed, decided, operations, bytes } = passage
    const ms = now - opened
    if (ms < this.request) return
    this.writes.say(now, ms, () => ({
      operations,
      bytes,
      waiting: rounded(proposed - opened),
      replication: rounded(decided - proposed),
      // part of the replication, as far as it was this member's own disk
      sync: rounded(this.longestSyncSince(proposed)),
      // the answers are written in it
      apply: rounded(now - decided),
    }))
  }

  /** All reads that shared a question to the leader are told of at the first of them. */
  read(context: StoreContext): void {
    this.machine.read(context)
    const passage = this.member?.reads.passage
    if (passage === undefined || passage === this.lastRead) return
    this.lastRead = passage
    const { opened, asked, confirmed, reads } = passage
    const now = this.clock()
    const ms = now - opened
    if (ms < this.request) return
    this.reads.say(now, ms, () => ({
      operations: reads,
      waiting: rounded(asked - opened),
      leader: rounded(confirmed - asked),
      apply: rounded(now - confirmed),
    }))
  }

  fail(context: StoreContext, error: Failure): void {
    this.machine.fail(context, error)
    if (error.detail.code === 'stopping') return
    const certain = error instanceof Rejected
    this.failures.say(this.clock(), undefined, () => ({ why: error.message, code: error.detail.code, certain }))
  }

  snapshot(): SnapshotSource {
    return this.machine.snapshot()
  }

  install(): SnapshotSink {
    return this.machine.install()
  }

  private synced(time: Milliseconds): void {
    const now = this.clock()
    this.ended[this.next] = now
    this.took[this.next] = time
    this.next = (this.next + 1) % remembered
    if (time >= this.sync) this.syncs.say(now, time, () => ({}))
  }

  private longestSyncSince(since: Milliseconds): Milliseconds {
    let longest = 0
    for (let i = 0; i < remembered; i++) {
      if ((this.ended[i] ?? 0) >= since) longest = Math.max(longest, this.took[i] ?? 0)
    }
    return longest
  }
}

function rounded(ms: Milliseconds): number {
  return Math.round(ms * 10) / 10
}

/** The same warning once a second at most; what was left out is counted, and told with the next one. */
class Occasionally {
  private readonly log: Logger
  private readonly message: string
  private quietUntil: Milliseconds = -Infinity
  private suppressed = 0
  private longest: Milliseconds = 0

  constructor(log: Logger, message: string) {
    this.log = log
    this.message = message
  }

  /** `fields` is asked only if there is something to say. */
  say(now: Milliseconds, ms: Milliseconds | undefined, fields: () => object): void {
    if (now < this.quietUntil) {
      this.suppressed++
      this.longest = Math.max(this.longest, ms ?? 0)
      return
    }
    const before = this.suppressed === 0 ? {} : { suppressed: this.suppressed }
    const longest = this.longest === 0 ? {} : { longest: rounded(this.longest) }
    this.log.warn(this.message, {
      ...(ms === undefined ? {} : { ms: rounded(ms) }),
      ...fields(),
      ...before,
      ...longest,
    })
    this.quietUntil = now + once
    this.suppressed = 0
    this.longest = 0
  }
}
