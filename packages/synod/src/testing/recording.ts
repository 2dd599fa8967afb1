import type { Command, Index, Membership, NodeId, ReadId, SnapshotId, Term } from '../core/index.ts'
import type { EngineEnvironment } from '../member/index.ts'

/** An environment that keeps what is persisted. */
export class Recording<Message, Durable> implements EngineEnvironment<Message, Durable> {
  readonly self: NodeId
  private readonly env: EngineEnvironment<Message, Durable>
  private readonly persisted: (record: Durable) => void

  constructor(env: EngineEnvironment<Message, Durable>, persisted: (record: Durable) => void) {
    this.self = env.self
    this.env = env
    this.persisted = persisted
  }

  persist(record: Durable): void {
    this.persisted(record)
    this.env.persist(record)
  }

  send(to: NodeId, message: Message): void {
    this.env.send(to, message)
  }

  sendAhead(to: NodeId, message: Message): void {
    this.env.sendAhead(to, message)
  }

  setTimer(timer: string, min: number, max: number): void {
    this.env.setTimer(timer, min, max)
  }

  clearTimer(timer: string): void {
    this.env.clearTimer(timer)
  }

  choose(alternatives: number): number {
    return this.env.choose(alternatives)
  }

  decide(index: Index, term: Term, command: Command | undefined): void {
    this.env.decide(index, term, command)
  }

  led(by: NodeId | undefined, term: Term): void {
    this.env.led(by, term)
  }

  readable(id: ReadId, index: Index): void {
    this.env.readable(id, index)
  }

  unreadable(id: ReadId): void {
    this.env.unreadable(id)
  }

  reconfigured(membership: Membership, index: Index): void {
    this.env.reconfigured(membership, index)
  }

  install(snapshot: SnapshotId): void {
    this.env.install(snapshot)
  }
}
