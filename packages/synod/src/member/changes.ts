import {
  assert,
  Rejected,
  Unknown,
  type ChangeRefused,
  type Failure,
  type Index,
  type Membership,
  type MembershipChange,
  type Milliseconds,
  type NodeId,
  type RejectedDetail,
  type Standing,
  type Term,
} from '../core/index.ts'
import type { ChangeRefusal } from './changes-codec.ts'
import { judge } from './judgement.ts'
import type { Wire } from './wire.ts'

/** A change of the membership is decided. */
export interface Changed {
  readonly index: Index
  /** What is decided by now. */
  readonly membership: Membership
}

export type ChangeAnswer = (outcome: Changed | Failure) => void

export interface ChangeLimits {
  /** Changes taken and not answered yet. */
  readonly waiting: number
  /** Learners that wait to be promoted by an operator; those that join by themselves do not count. */
  readonly learners: number
  /** After so long the caller hears that it was not done, or that nobody knows. */
  readonly patience: Milliseconds
  /** After "another change is under way" it is tried again so much later. */
  readonly pause: Milliseconds
}

/** What the changes need of the member around them. */
export interface ChangesHolder {
  readonly self: NodeId
  readonly standing: Standing
  now(): Milliseconds
  /** The disk under which a member is known here. */
  diskOf(id: NodeId): string | undefined
  /** Asks the engine. */
  change(changes: readonly MembershipChange[]): { readonly index: Index } | ChangeRefused
  /** Never twice, not after a restart either. */
  nextSequence(): number
  tell(to: NodeId, wire: Wire<never>): void
  /** Ask to be called again (`repeat`) after a moment. */
  later(): void
}

/**
 * `asked`: by this id, the leader of that term; it is not known yet whether it is in its log. `seen`: indexes that were
 * decided since then in that term, and may be it.
 */
type State =
  | { readonly type: 'waiting'; readonly until: Milliseconds; readonly why: Rejected | undefined }
  | {
      readonly type: 'asked'
      readonly id: number
      readonly term: Term
      readonly leader: NodeId
      readonly seen: Index[]
    }
  | { readonly type: 'appended'; readonly index: Index; readonly term: Term }

interface Pending {
  readonly changes: readonly MembershipChange[]
  readonly answer: ChangeAnswer
  readonly deadline: Milliseconds
  state: State
}

type Judged = { readonly index: Index } | ChangeRefusal

/** What passes by itself: the change before it is decided, or a new leader's first entry is. */
const transient: ReadonlySet<ChangeRefusal['code']> = new Set(['not-leader', 'pending', 'too-early'])

/**
 * Changes of the membership, from whoever asks this member to their decision. One is under way at a time. As with
 * commands, the leader of one term appends it in that term or never: by its index and term its origin sees in its own
 * log whether it is decided or certainly lost, and asks anew only in the second case.
 */
export class Changes {
  private readonly holder: ChangesHolder
  private readonly limits: ChangeLimits
  private readonly queue: Pending[] = []
  /** As leader: the last question of each origin in `answeredTerm`, and what was said to it. */
  private readonly answered = new Map<NodeId, { readonly id: number; readonly judged: Judged }>()
  private answeredTerm: Term = 0
  private closed = false

  constructor(holder: ChangesHolder, limits: ChangeLimits) {
    this.holder = holder
    this.limits = limits
  }

  /** Changes that wait for an answer. */
  get outstanding(): number {
    return this.queue.length
  }

  /** `answer` is called once, never inside the call, unless it is refused: that is the caller's to deliver. */
  submit(changes: readonly MembershipChange[], answer: ChangeAnswer): Rejected | undefined {
    if (this.queue.length >= this.limits.waiting) {
      return new Rejected(`${this.limits.waiting} membership changes wait already: try again later`, {
        code: 'overloaded',
      })
    }
    const now = this.holder.now()
    const state = { type: 'waiting', until: now, why: undefined } as const
    this.queue.push({ changes, answer, deadline: now + this.limits.patience, state })
    return undefined
  }

  /** Once a turn: the first of those that wait is taken to the leader. */
  flush(): void {
    const [first] = this.queue
    if (first?.state.type !== 'waiting') return
    const { standing, self } = this.holder
    const { leading, leader, term } = standing
    this.holder.later()
    if (leader === undefined || first.state.until > this.holder.now()) return
    const id = this.holder.nextSequence()
    first.state = { type: 'asked', id, term, leader, seen: [] }
    if (leading) this.take(first, this.judge(self, first.changes), term)
    else this.ask(first.changes, id, term, leader)
  }

  private ask(changes: readonly MembershipChange[], id: number, term: Term, leader: NodeId): void {
    this.holder.tell(leader, { type: 'change', term, id, changes })
  }

  /** What the leader, perhaps oneself, said. */
  private take(pending: Pending, judged: Judged, term: Term): void {
    if ('index' in judged) {
      pending.state = { type: 'appended', index: judged.index, term }
      return
    }
    const { code, message } = judged
    const detail: RejectedDetail = { code: code === 'not-leader' ? 'no-leader' : code }
    const refused = new Rejected(message, detail)
    if (transient.has(code)) this.back(pending, refused)
    else this.settle(pending, refused)
  }

  private back(pending: Pending, why: Rejected): void {
    if (this.closed) return this.settle(pending, why)
    pending.state = { type: 'waiting', until: this.holder.now() + this.limits.pause, why }
    this.holder.later()
  }

  // As leader

  /** Another member asks. Asked twice, it is answered twice and appended once. */
  asked(from: NodeId, { term, id, changes }: Extract<Wire<never>, { type: 'change' }>): void {
    const { standing } = this.holder
    // No refusal from one who does not lead that term: it may have appended an earlier copy when it did.
    if (!standing.leading || standing.term !== term) return
    if (term !== this.answeredTerm) this.answered.clear()
    this.answeredTerm = term
    const known = this.answered.get(from)
    if (known !== undefined && id < known.id) return
    const judged = known?.id === id ? known.judged : this.judge(from, changes)
    this.answered.set(from, { id, judged })
    if ('index' in judged) this.holder.tell(from, { type: 'changing', id, index: judged.index })
    else this.holder.tell(from, { type: 'unchanged', id, ...judged })
  }

  private judge(origin: NodeId, changes: readonly MembershipChange[]): Judged {
    const { holder, limits } = this
    const { membership } = holder.standing
    const sound = judge(changes, { origin, membership, diskOf: holder.diskOf(origin), learnersMax: limits.learners })
    return 'code' in sound ? sound : holder.change(sound)
  }

  // As origin

  /** The leader has it in its log. */
  changing(from: NodeId, { id, index }: Extract<Wire<never>, { type: 'changing' }>): void {
    const pending = this.waitingFor(from, id)
    if (pending?.state.type !== 'asked') return
    const { term, seen } = pending.state
    this.take(pending, { index }, term)
    // The log may have been faster than the answer.
    if (seen.includes(index)) this.succeed(pending, index)
  }

  /** The leader says that it is not in its log, and never will be. */
  unchanged(from: NodeId, { id, code, message }: Extract<Wire<never>, { type: 'unchanged' }>): void {
    const pending = this.waitingFor(from, id)
    if (pending?.state.type === 'asked') this.take(pending, { code, message }, pending.state.term)
  }

  private waitingFor(from: NodeId, id: number): Pending | undefined {
    const [first] = this.queue
    return first?.state.type === 'asked' && first.state.id === id && first.state.leader === from ? first : undefined
  }

  /** An entry is decided and applied here. `own`: it is one of the protocol's own, such as a membership. */
  decided(index: Index, term: Term, own: boolean): void {
    const [first] = this.queue
    if (first === undefined || first.state.type === 'waiting') return
    const { state } = first
    if (state.type === 'appended' && state.index === index && state.term === term) return this.succeed(first, index)
    if (state.type === 'asked' && state.term === term && own) state.seen.push(index)
    if (state.term >= term) return
    // What was appended in an earlier term and is not decided yet never will be.
    if (state.type === 'appended' || state.seen.length === 0) {
      const message = 'its leader was lost, and the change with it: it was not applied'
      return this.back(first, new Rejected(message, { code: 'no-leader' }))
    }
    this.settle(first, new Unknown('its leader was lost before it answered: look at the members', { code: 'timeout' }))
  }

  /** A snapshot replaced the state: what was under way may be in it. */
  skipped(): void {
    const [first] = this.queue
    if (first === undefined || first.state.type === 'waiting') return
    const message = 'the state was replaced by a snapshot before the answer came: look at the members'
    this.settle(first, new Unknown(message, { code: 'timeout' }))
  }

  private succeed(pending: Pending, index: Index): void {
    this.settle(pending, { index, membership: this.holder.standing.committedMembership })
  }

  private settle(pending: Pending, outcome: Changed | Failure): void {
    const at = this.queue.indexOf(pending)
    assert(at >= 0, 'no change is answered twice')
    this.queue.splice(at, 1)
    pending.answer(outcome)
  }

  /** Now and then: what the links dropped is sent again, who waited too long is answered. true: somebody still waits. */
  repeat(now: Milliseconds): boolean {
    const waiting = this.queue.slice()
    for (const pending of waiting) if (pending.deadline <= now) this.giveUp(pending, pending === waiting[0])
    const [first] = this.queue
    const { term } = this.holder.standing
    if (first?.state.type === 'asked' && first.state.term === term && first.state.leader !== this.holder.self) {
      this.ask(first.changes, first.state.id, term, first.state.leader)
    }
    return first !== undefined
  }

  private giveUp(pending: Pending, wasFirst: boolean): void {
    const { state } = pending
    if (state.type === 'waiting') {
      return this.settle(pending, state.why ?? neverTaken(wasFirst))
    }
    this.settle(pending, new Unknown('no answer in time: it may have been done, or may still be', { code: 'timeout' }))
  }

  /** Only what is under way is still waited for. */
  close(): void {
    this.closed = true
    for (const pending of this.queue.slice()) {
      if (pending.state.type !== 'waiting') continue
      this.settle(pending, new Rejected('the member is stopping', { code: 'stopping' }))
    }
  }

  /** Nothing more will be decided here. */
  stop(): void {
    for (const pending of this.queue.slice()) {
      const stopping = pending.state.type === 'waiting' ? Rejected : Unknown
      this.settle(pending, new stopping('the member is stopping', { code: 'stopping' }))
    }
  }
}

function neverTaken(wasFirst: boolean): Rejected {
  return wasFirst
    ? new Rejected('no leader took it in time: it was not applied', { code: 'no-leader' })
    : new Rejected('another change was under way all the time: it was not applied', { code: 'pending' })
}
