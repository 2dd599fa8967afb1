import {
  Rejected,
  Unknown,
  type Failure,
  type Index,
  type Milliseconds,
  type NodeId,
  type ReadId,
  type Standing,
} from '../core/index.ts'
import type { Wire } from './wire.ts'

/** What the reads need of the member around them. */
export interface ReadsHolder<Context> {
  readonly self: NodeId
  readonly standing: Standing
  readonly applied: Index
  now(): Milliseconds
  /** Asks the engine; answered by `readable` or `unreadable`. */
  ask(id: ReadId): boolean
  tell(to: NodeId, wire: Wire<never>): void
  readable(context: Context): void
  fail(context: Context, error: Failure): void
  later(): void
}

interface Waiting<Context> {
  readonly context: Context
  readonly deadline: Milliseconds
}

interface Round<Context> {
  readonly reads: readonly Waiting<Context>[]
  /** Whom we asked, in which term; after `until` it is asked anew, under another id. */
  readonly leader: NodeId
  readonly term: number
  readonly until: Milliseconds
}

/** The way of the reads that shared a question, for whoever asks where the time went. */
export interface ReadPassage {
  /** The first of them arrived. */
  readonly opened: Milliseconds
  readonly asked: Milliseconds
  readonly confirmed: Milliseconds
  readonly reads: number
}

/** Confirmed, but perhaps not applied so far here. */
interface Confirmed<Context> extends ReadPassage {
  readonly index: Index
  readonly waiting: readonly Waiting<Context>[]
}

/**
 * Linearizable reads: all that wait share one question to the leader, asked after they arrived; each is answered from
 * a state that has applied the index that the leader confirmed (Ongaro §6.4).
 */
export class Reads<Context> {
  readonly holder: ReadsHolder<Context>
  readonly patience: Milliseconds
  /** A question to the leader that got no answer is asked anew after so long. */
  readonly retry: Milliseconds
  readonly limit: number
  /** Of those that are being answered, or were last. */
  passage: ReadPassage | undefined

  private waiting: Waiting<Context>[] = []
  private readonly rounds = new Map<ReadId, Round<Context>>()
  /** In the order of their indexes. */
  private confirmed: Confirmed<Context>[] = []
  /** As leader: questions of other members, by the id under which the engine was asked. */
  private readonly foreign = new Map<ReadId, { readonly from: NodeId; readonly id: ReadId }>()
  private lastId: ReadId = 0
  private count = 0

  constructor(holder: ReadsHolder<Context>, options: { patience: Milliseconds; retry: Milliseconds; limit: number }) {
    this.holder = holder
    this.patience = options.patience
    this.retry = options.retry
    this.limit = options.limit
  }

  /** Ids begin above every one that an earlier opening used. */
  beginAt(id: ReadId): void {
    this.lastId = id
  }

  get outstanding(): number {
    return this.count
  }

  read(context: Context): Rejected | undefined {
    if (this.count >= this.limit)
      return new Rejected('too many reads are under way: try again later', { code: 'overloaded' })
    this.count++
    this.waiting.push({ context, deadline: this.holder.now() + this.patience })
    return undefined
  }

  /** Once a turn: one question for all that arrived since the last one left. One is under way at a time. */
  flush(): void {
    if (this.waiting.length === 0 || this.rounds.size > 0) return
    const { leading, leader, term } = this.holder.standing
    if (leader === undefined) return this.holder.later()
    const id = ++this.lastId
    this.rounds.set(id, { reads: this.waiting, leader, term, until: this.holder.now() + this.retry })
    this.waiting = []
    if (!leading) {
      this.holder.tell(leader, { type: 'read', term, id })
      this.holder.later()
    } else if (!this.holder.ask(id)) {
      this.back(id)
      this.holder.later()
    }
  }

  /** As leader: another member asks. */
  asked(from: NodeId, { term, id }: Extract<Wire<never>, { type: 'read' }>): void {
    const standing = this.holder.standing
    const own = ++this.lastId
    this.foreign.set(own, { from, id })
    if (standing.leading && standing.term === term && this.foreign.size <= this.limit && this.holder.ask(own)) return
    this.foreign.delete(own)
    this.holder.tell(from, { type: 'unreadable', id })
  }

  /** The engine, or the leader that was asked, confirmed `index`. */
  readable(id: ReadId, index: Index): void {
    const foreign = this.foreign.get(id)
    if (foreign !== undefined) {
      this.foreign.delete(id)
      return this.holder.tell(foreign.from, { type: 'readable', id: foreign.id, index })
    }
    const round = this.rounds.get(id)
    if (round === undefined) return
    this.rounds.delete(id)
    const opened = (round.reads[0]?.deadline ?? this.patience) - this.patience
    const passage = { opened, asked: round.until - this.retry, confirmed: this.holder.now(), reads: round.reads.length }
    this.confirmed.push({ ...passage, index, waiting: round.reads })
    this.confirmed.sort((a, b) => a.index - b.index)
    this.applied()
  }

  /** The answer of a leader counts only for the question that it was asked. */
  answered(from: NodeId, id: ReadId, index: Index): void {
    if (this.rounds.get(id)?.leader === from) this.readable(id, index)
  }

  unreadable(id: ReadId): void {
    const foreign = this.foreign.get(id)
    if (foreign !== undefined) {
      this.foreign.delete(id)
      return this.holder.tell(foreign.from, { type: 'unreadable', id: foreign.id })
    }
    this.back(id)
    this.holder.later()
  }

  /** They wait again, and will be asked for under a new id. */
  private back(id: ReadId): void {
    const round = this.rounds.get(id)
    if (round === undefined) return
    this.rounds.delete(id)
    this.waiting = [...round.reads, ...this.waiting]
  }

  /** More was applied. */
  applied(): void {
    while (this.confirmed[0] !== undefined && this.confirmed[0].index <= this.holder.applied) {
      const ready = this.confirmed.shift()
      this.passage = ready
      for (const { context } of ready?.waiting ?? []) {
        this.count--
        this.holder.readable(context)
      }
    }
  }

  /** The leader or the term changed: its answers will not come. */
  led(): void {
    const { leader, term } = this.holder.standing
    for (const [id, round] of this.rounds) if (round.leader !== leader || round.term !== term) this.back(id)
  }

  /** Now and then. true: somebody still waits. */
  repeat(now: Milliseconds): boolean {
    for (const [id, round] of this.rounds) if (round.until <= now && round.leader !== this.holder.self) this.back(id)
    this.waiting = this.expire(this.waiting, now)
    this.confirmed = this.confirmed.map((one) => ({ ...one, waiting: this.expire(one.waiting, now) }))
    for (const [id, round] of this.rounds) this.rounds.set(id, { ...round, reads: this.expire(round.reads, now) })
    return this.count > 0
  }

  private expire(reads: readonly Waiting<Context>[], now: Milliseconds): Waiting<Context>[] {
    return reads.filter(({ context, deadline }) => {
      if (deadline > now) return true
      this.count--
      this.holder.fail(context, new Unknown('no answer in time', { code: 'timeout' }))
      return false
    })
  }

  stop(): void {
    const rounds = [...this.rounds.values()].flatMap(({ reads }) => reads)
    const confirmed = this.confirmed.flatMap(({ waiting }) => waiting)
    for (const { context } of [...this.waiting, ...rounds, ...confirmed]) {
      this.holder.fail(context, new Rejected('the member is stopping', { code: 'stopping' }))
    }
    this.waiting = []
    this.rounds.clear()
    this.confirmed = []
    this.count = 0
  }
}
