import {
  assert,
  Rejected,
  Unknown,
  type Command,
  type Failure,
  type Milliseconds,
  type NodeId,
  type Standing,
  type Term,
} from '../core/index.ts'
import { Slab } from './slab.ts'
import type { Wire } from './wire.ts'

export interface ProposalLimits {
  /** Operations taken from clients and not answered yet. Beyond it they are refused: certainly not applied. */
  readonly operations: number
  /** Their bytes. */
  readonly bytes: number
  /** A command is closed at about this size; one larger operation still makes a command of its own. */
  readonly commandBytes: number
  /** Undecided commands of one's own at a time. What arrives meanwhile forms the next: this is what makes batches. */
  readonly undecided: number
  /** After so long a client hears that it is unknown whether its operation was applied, or that it certainly was not. */
  readonly patience: Milliseconds
  /** After a refusal by the engine or the leader, so long nothing is offered. */
  readonly pause: Milliseconds
}

/** What the proposals need of the member around them. */
export interface ProposalsHolder<Context> {
  readonly self: NodeId
  readonly standing: Standing
  now(): Milliseconds
  checksum(bytes: Uint8Array): number
  /** Drawn from what this opening of the journal may use: never twice. */
  nextSequence(): number
  propose(command: Command): boolean
  tell(to: NodeId, wire: Wire<never>): void
  fail(context: Context, error: Failure): void
  /** Ask to be called again (`repeat`) after a moment. */
  later(): void
}

/** The operations of one turn, or of the turns since the command before them left. */
interface Batch<Context> {
  bytes: Uint8Array
  length: number
  contexts: Context[]
  deadline: Milliseconds
}

interface Pending<Context> extends Batch<Context> {
  readonly command: Command
  /** The term whose leader was to propose it. */
  readonly term: Term
  readonly leader: NodeId
  /** When it left, for the log or for the leader. */
  readonly proposed: Milliseconds
}

/** The way of a command, for whoever asks where the time went. */
export interface Passage {
  /** The first of its operations arrived. */
  opened: Milliseconds
  proposed: Milliseconds
  decided: Milliseconds
  operations: number
  bytes: number
}

type Refusal = Extract<Wire<never>, { type: 'refused' }>['reason']
type Judgement = 'taken' | Refusal

/**
 * From a client's operation to a decided command, and to the certainty that a command will never be decided.
 *
 * A command is meant for one term: its leader proposes it in that term or never. So when an entry of a later term is
 * decided and the command has not been, it never will be, and its operations may safely go into a new command. Nothing
 * is proposed twice, and nobody waits for what is lost.
 */
export class Proposals<Context> {
  readonly holder: ProposalsHolder<Context>
  readonly limits: ProposalLimits
  /** Of the command that was decided last. One object for all of them. */
  readonly passage: Passage = { opened: 0, proposed: 0, decided: 0, operations: 0, bytes: 0 }
  /** Not proposed, or certainly lost; oldest first. */
  private readonly queue: Batch<Context>[] = []
  /** Proposed, by sequence, in the order in which they were. */
  private readonly pending = new Map<number, Pending<Context>>()
  private operations = 0
  private bytes = 0
  /** As leader: how what each origin forwarded in `judgedTerm` was judged, for good; below `lowest` all is settled. */
  private readonly judged = new Map<NodeId, { lowest: number; readonly sequences: Map<number, Judgement> }>()
  private judgedTerm: Term = 0
  private spare: Uint8Array | undefined
  private readonly slab = new Slab()
  /** After a refusal nothing is offered for a moment: whoever refused may not know better yet. */
  private quietUntil: Milliseconds = 0

  constructor(holder: ProposalsHolder<Context>, limits: ProposalLimits) {
    this.holder = holder
    this.limits = limits
  }

  /** Operations that wait for an answer. */
  get outstanding(): number {
    return this.operations
  }

  /** The bytes are copied. An answer never comes inside the call; a refusal is the caller's to deliver. */
  submit(operation: Uint8Array, context: Context): Rejected | undefined {
    if (this.operations >= this.limits.operations || this.bytes + operation.length > this.limits.bytes) {
      return new Rejected('too many operations are under way: try again later', { code: 'overloaded' })
    }
    let batch = this.queue.at(-1)
    if (batch === undefined || this.isClosed(batch, operation.length)) batch = this.open()
    const end = batch.length + 4 + operation.length
    if (end > batch.bytes.length) {
      const larger = new Uint8Array(Math.max(end, batch.bytes.length * 2))
      larger.set(batch.bytes.subarray(0, batch.length))
      batch.bytes = larger
    }
    const { bytes, length } = batch
    bytes[length] = operation.length & 0xff
    bytes[length + 1] = (operation.length >>> 8) & 0xff
    bytes[length + 2] = (operation.length >>> 16) & 0xff
    bytes[length + 3] = operation.length >>> 24
    bytes.set(operation, length + 4)
    batch.length = end
    batch.contexts.push(context)
    this.operations++
    this.bytes += operation.length
    return undefined
  }

  /** It is full, or so old that who joins it would be answered too early. */
  private isClosed(batch: Batch<Context>, bytes: number): boolean {
    if (batch.length > 0 && batch.length + bytes > this.limits.commandBytes) return true
    return batch.deadline < this.holder.now() + 0.9 * this.limits.patience
  }

  private open(): Batch<Context> {
    const bytes = this.spare ?? new Uint8Array(4096)
    this.spare = undefined
    const batch = { bytes, length: 0, contexts: [], deadline: this.holder.now() + this.limits.patience }
    this.queue.push(batch)
    return batch
  }

  /** Once a turn: what waits is proposed here, or sent to the leader. */
  flush(): void {
    while (this.queue.length > 0) {
      const { leading, leader, term } = this.holder.standing
      if (leader === undefined || this.undecided(term) >= this.limits.undecided) return
      if (this.quietUntil > 0 && this.holder.now() < this.quietUntil) return this.holder.later()
      const [batch] = this.queue
      if (batch === undefined) return
      const command = this.seal(batch)
      if (leading && !this.holder.propose(command)) return this.quiet()
      this.quietUntil = 0
      this.queue.shift()
      const pending = { ...batch, bytes: command.bytes, command, term, leader, proposed: this.holder.now() }
      this.pending.set(command.sequence, pending)
      if (batch.bytes.length <= 4 * this.limits.commandBytes) this.spare = batch.bytes
      if (!leading) {
        this.forward(pending)
        this.holder.later()
      }
    }
  }

  private undecided(term: Term): number {
    let count = 0
    for (const pending of this.pending.values()) if (pending.term === term) count++
    return count
  }

  private seal(batch: Batch<Context>): Command {
    const bytes = this.slab.copy(batch.bytes, batch.length)
    const command = {
      origin: this.holder.self,
      sequence: this.holder.nextSequence(),
      checksum: this.holder.checksum(bytes),
      bytes,
    }
    return Object.freeze(command)
  }

  private forward(pending: Pending<Context>): void {
    const lowest = this.pending.keys().next().value ?? pending.command.sequence
    this.holder.tell(pending.leader, { type: 'forward', term: pending.term, lowest, command: pending.command })
  }

  /** As leader: a command of another member. */
  forwarded(from: NodeId, { term, lowest, command }: Extract<Wire<never>, { type: 'forward' }>, room: boolean): void {
    const standing = this.holder.standing
    // No refusal from one who does not lead that term: it may have taken an earlier copy when it did.
    if (!standing.leading || standing.term !== term) return
    if (term !== this.judgedTerm) this.judged.clear()
    this.judgedTerm = term
    const judged = this.judged.get(from) ?? { lowest: 0, sequences: new Map<number, Judgement>() }
    this.judged.set(from, judged)
    // A late repetition may say less than what is known already.
    judged.lowest = Math.max(judged.lowest, lowest)
    for (const sequence of judged.sequences.keys()) if (sequence < judged.lowest) judged.sequences.delete(sequence)
    if (command.sequence < judged.lowest || command.origin !== from) return
    // Refused or taken, it is so for the rest of the term, however often it is repeated.
    const judgement = judged.sequences.get(command.sequence) ?? this.judge(command, room)
    judged.sequences.set(command.sequence, judgement)
    // Every time: the link may have dropped the refusal, and without it the command keeps its place among the
    // undecided ones of its origin until the term ends.
    if (judgement !== 'taken') {
      this.holder.tell(from, { type: 'refused', term, sequence: command.sequence, reason: judgement })
    }
  }

  private judge(command: Command, room: boolean): Judgement {
    if (!room) return 'no-space'
    return this.holder.propose(command) ? 'taken' : 'overloaded'
  }

  /** The leader says that it did not propose one of ours, and never will. */
  refused(from: NodeId, { term, sequence, reason }: Extract<Wire<never>, { type: 'refused' }>): void {
    const pending = this.pending.get(sequence)
    if (pending === undefined || pending.term !== term || pending.leader !== from) return
    this.pending.delete(sequence)
    if (reason === 'no-space') {
      this.settle(pending, new Rejected('the leader has no space left on its disk', { code: 'no-space' }))
    } else {
      this.requeue([pending])
      this.quiet()
    }
  }

  private quiet(): void {
    this.quietUntil = this.holder.now() + this.limits.pause
    this.holder.later()
  }

  /** A command was decided: the contexts of its operations, if this process took it and its clients still wait. */
  decided(command: Command): readonly Context[] | undefined {
    const pending = this.pending.get(command.sequence)
    if (pending === undefined) return undefined
    assert(pending.command.checksum === command.checksum, 'a sequence number means one command for ever')
    this.pending.delete(command.sequence)
    this.note(pending)
    this.operations -= pending.contexts.length
    this.bytes -= pending.length - 4 * pending.contexts.length
    return pending.contexts.length === 0 ? undefined : pending.contexts
  }

  private note({ deadline, proposed, contexts, length }: Pending<Context>): void {
    const { passage } = this
    passage.opened = deadline - this.limits.patience
    passage.proposed = proposed
    passage.decided = this.holder.now()
    passage.operations = contexts.length
    passage.bytes = length - 4 * contexts.length
  }

  /** An entry of `term` is decided: what was meant for earlier terms and is not decided yet never will be. */
  termDecided(term: Term): void {
    const lost = [...this.pending.values()].filter((pending) => pending.term < term)
    if (lost.length === 0) return
    for (const pending of lost) this.pending.delete(pending.command.sequence)
    this.requeue(lost)
  }

  private requeue(lost: readonly Pending<Context>[]): void {
    // The bytes of a command that was proposed are shared, and may still wait for the disk: never written to again.
    const batches = lost.map((pending) => ({ ...pending, bytes: pending.bytes.slice() }))
    this.queue.unshift(...batches.filter((batch) => batch.contexts.length > 0))
  }

  /** A snapshot replaced the state: whatever was under way may be in it, and nobody can tell any more. */
  skipped(): void {
    for (const pending of this.pending.values()) {
      this.settle(
        pending,
        new Unknown('the state was replaced by a snapshot before the answer came', { code: 'timeout' }),
      )
    }
    this.pending.clear()
  }

  /** Now and then: what the links dropped is sent again, who waited too long is answered. true: somebody still waits. */
  repeat(now: Milliseconds): boolean {
    const { term, leading } = this.holder.standing
    for (const pending of this.pending.values()) {
      if (pending.deadline <= now && pending.contexts.length > 0) {
        this.settle(
          pending,
          new Unknown('no answer in time: it may have been applied, or may still be', { code: 'timeout' }),
        )
      }
      if (!leading && pending.term === term && pending.leader !== this.holder.self) this.forward(pending)
    }
    while (this.queue[0] !== undefined && this.queue[0].deadline <= now) {
      const batch = this.queue.shift()
      if (batch !== undefined)
        this.settle(batch, new Rejected('no leader took it in time: it was not applied', { code: 'no-leader' }))
    }
    return this.queue.length > 0 || this.pending.size > 0
  }

  /** Nothing more will be decided here. */
  stop(): void {
    for (const batch of this.queue.splice(0))
      this.settle(batch, new Rejected('the member is stopping', { code: 'stopping' }))
    for (const pending of this.pending.values()) {
      this.settle(pending, new Unknown('the member stopped before the answer came', { code: 'stopping' }))
    }
    this.pending.clear()
  }

  private settle(batch: Batch<Context>, error: Failure): void {
    this.operations -= batch.contexts.length
    this.bytes -= batch.length - 4 * batch.contexts.length
    for (const context of batch.contexts) this.holder.fail(context, error)
    batch.contexts = []
    batch.length = 0
    assert(this.operations >= 0, 'no operation is answered twice')
  }
}
