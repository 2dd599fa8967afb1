import { Copies } from './copies.ts'
import {
  AssertionFailed,
  Reader,
  Writer,
  type Clocked,
  type Codec,
  type Command,
  type Decides,
  type Environment,
  type Index,
  type NodeId,
  type Protocol,
  type Term,
} from '../core/index.ts'
import type { Json } from './plan.ts'

/** What a participant gives its protocol. A decision of one-shot agreement is that of index 1. */
export type ParticipantEnvironment<Message, Durable> = Environment<Message, Durable> & Decides & Clocked

/** Something that a protocol decided: `command` is undefined where it decided on nothing (a no-op). */
export interface Decision {
  readonly index: Index
  readonly term: Term
  readonly command: Command | undefined
  /** Of the node, when it told so. */
  readonly incarnation: number
}

/** An input from outside: which method of the protocol was called, and with what. */
export interface Input {
  readonly method: string
  readonly argument: Json
}

/** One participant as the whole world sees it: what invariants and situations are about. */
export interface ParticipantNode<State> {
  readonly id: NodeId
  /** Of its protocol, now; while the node is down, as it was last. Not to be changed. */
  readonly state: State
  /** What a loss of power would leave of it: its records that are durable, folded by the protocol's own `restore`. */
  readonly durable: State
  /** How often it was started; what is volatile may fall back when this rises. */
  readonly incarnation: number
  /** Everything it has decided, in all its lives, in the order in which it told so. */
  readonly decided: readonly Decision[]
  /** Everything it was asked from outside, in all its lives. */
  readonly inputs: readonly Input[]
}

/** Follows one node's protocol through all its lives, and, record by record, what of it is durable. */
export class ObservedParticipant<
  P extends Protocol<unknown, Message, Durable>,
  Message,
  Durable,
> implements ParticipantNode<P['state']> {
  readonly id: NodeId
  incarnation = 0
  readonly decided: Decision[] = []
  readonly inputs: Input[] = []
  private readonly make: (env: ParticipantEnvironment<Message, Durable>) => P
  private readonly codec: Codec<Message, Durable>
  private protocol: P
  /** Another instance, which knows only what is durable. */
  private disk: P
  /** Persisted in this life, and not folded yet; the first of them is the life's record number `folded`. */
  private readonly records: Durable[] = []
  private folded = 0
  private durableRecords = 0

  constructor(id: NodeId, make: (env: ParticipantEnvironment<Message, Durable>) => P, codec: Codec<Message, Durable>) {
    this.id = id
    this.make = make
    this.codec = codec
    this.protocol = this.idle()
    this.disk = this.protocol
  }

  get state(): P['state'] {
    return this.protocol.state
  }

  get durable(): P['state'] {
    const ready = this.records.splice(0, this.durableRecords - this.folded)
    for (const record of ready) this.disk.restore(record)
    this.folded += ready.length
    return this.disk.state
  }

  /** Another life begins with what was read from the disk, all of it durable by now. */
  begin(protocol: P, read: readonly Durable[]): void {
    this.protocol = protocol
    this.disk = this.idle()
    for (const record of read) this.disk.restore(this.copy(record))
    this.records.length = 0
    this.folded = 0
    this.durableRecords = 0
    this.incarnation++
  }

  persisted(record: Durable): void {
    this.records.push(this.copy(record))
  }

  /** So many records of this life are durable. */
  synced(count: number): void {
    this.durableRecords = count
  }

  /** As it will be read again: what the live protocol holds on to is not shared with the one on the disk. */
  private copy(record: Durable): Durable {
    const out = new Writer()
    this.codec.record(record, out)
    return this.codec.readRecord(new Reader(out.control.slice(0, out.length), new Copies().joined(out.payload)))
  }

  private idle(): P {
    return this.make(idleEnvironment(this.id))
  }
}

/** Of a protocol that is only built and restored. */
function idleEnvironment(self: NodeId): ParticipantEnvironment<unknown, unknown> {
  const refuse = (): never => {
    throw new AssertionFailed('a protocol asks nothing of its environment while it is built or restored')
  }
  return {
    self,
    persist: refuse,
    send: refuse,
    sendAhead: refuse,
    setTimer: refuse,
    clearTimer: refuse,
    choose: refuse,
    decide: refuse,
    now: refuse,
  }
}
