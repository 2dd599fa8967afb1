import type {
  AnswersReads,
  ChangesMembership,
  Command,
  Decides,
  Environment,
  Index,
  InstallsSnapshots,
  Leads,
  Membership,
  Milliseconds,
  NodeId,
  ReadId,
  SnapshotId,
  Term,
} from '../core/index.ts'

/** Everything that a member gives its engine. */
export type EngineEnvironment<Message, Durable> = Environment<Message, Durable> &
  Decides &
  Leads &
  AnswersReads &
  ChangesMembership &
  InstallsSnapshots

/** A message or an action that waits until everything persisted before it is durable. */
export type Held<Message> =
  | { readonly after: number; readonly to: NodeId; readonly message: Message }
  | { readonly after: number; readonly action: () => void }

/** What a handler told the member, carried out when the handler has returned, in this order. */
export type Output =
  | { readonly type: 'decided'; readonly index: Index; readonly term: Term; readonly command: Command | undefined }
  | { readonly type: 'led' }
  | { readonly type: 'readable'; readonly id: ReadId; readonly index: Index }
  | { readonly type: 'unreadable'; readonly id: ReadId }
  | { readonly type: 'install'; readonly snapshot: SnapshotId }
  | { readonly type: 'reconfigured'; readonly membership: Membership; readonly index: Index }

/** What carries the effects of a protocol's handlers out. */
export interface EffectsHolder<Message, Durable> {
  readonly self: NodeId
  /** Answers how many records were appended so far, this one included. */
  append(record: Durable): number
  /** `isNews` as in the contract: it may be kept back. */
  transmit(to: NodeId, message: Message, isNews: boolean): void
  setTimer(timer: string, delay: Milliseconds): void
  clearTimer(timer: string): void
  random(): number
}

/**
 * The environment of a protocol, as it is in production and in the simulator alike: it collects what a handler asks
 * for and never calls back into it. **Durable before sent**: what `send` was given leaves, or arrives at oneself, once
 * the records that were persisted before it are durable.
 */
export class Effects<Message, Durable> implements EngineEnvironment<Message, Durable> {
  readonly self: NodeId
  private readonly holder: EffectsHolder<Message, Durable>
  private held: Held<Message>[] = []
  private appended = 0
  private durable = 0
  /** Messages to oneself that may arrive now. */
  readonly inbox: Message[] = []
  /** Taken by the member after each handler. */
  outputs: Output[] = []

  constructor(holder: EffectsHolder<Message, Durable>) {
    this.self = holder.self
    this.holder = holder
  }

  persist(record: Durable): void {
    this.appended = this.holder.append(record)
  }

  send(to: NodeId, message: Message): void {
    if (this.appended <= this.durable) this.deliver(to, message)
    else this.held.push({ after: this.appended, to, message })
  }

  sendAhead(to: NodeId, message: Message, isNews = false): void {
    this.deliver(to, message, isNews)
  }

  setTimer(timer: string, min: Milliseconds, max: Milliseconds): void {
    this.holder.setTimer(timer, min + (max - min) * this.holder.random())
  }

  clearTimer(timer: string): void {
    this.holder.clearTimer(timer)
  }

  choose(alternatives: number): number {
    return Math.floor(this.holder.random() * alternatives)
  }

  decide(index: Index, term: Term, command: Command | undefined): void {
    this.outputs.push({ type: 'decided', index, term, command })
  }

  led(): void {
    this.outputs.push({ type: 'led' })
  }

  readable(id: ReadId, index: Index): void {
    this.outputs.push({ type: 'readable', id, index })
  }

  unreadable(id: ReadId): void {
    this.outputs.push({ type: 'unreadable', id })
  }

  reconfigured(membership: Membership, index: Index): void {
    this.outputs.push({ type: 'reconfigured', membership, index })
  }

  install(snapshot: SnapshotId): void {
    this.outputs.push({ type: 'install', snapshot })
  }

  /** Runs once all that is persisted so far is durable. */
  onceDurable(action: () => void): void {
    if (this.appended <= this.durable) action()
    else this.held.push({ after: this.appended, action })
  }

  /** The first `count` records are durable. */
  released(count: number): void {
    this.durable = count
    let ready = 0
    while (ready < this.held.length && (this.held[ready]?.after ?? Infinity) <= count) ready++
    if (ready === 0) return
    for (const held of this.held.splice(0, ready)) this.release(held)
  }

  private release(held: Held<Message>): void {
    if ('action' in held) held.action()
    else this.deliver(held.to, held.message)
  }

  private deliver(to: NodeId, message: Message, isNews = false): void {
    if (to === this.self) this.inbox.push(message)
    else this.holder.transmit(to, message, isNews)
  }
}
