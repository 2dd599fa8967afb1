import {
  assert,
  voting,
  type Command,
  type Index,
  type Membership,
  type NodeId,
  type SnapshotId,
  type Term,
} from '../../../core/index.ts'
import type { Ballot, Durable, Message, Proposal, Value } from '../messages.ts'
import { MultiPaxos } from '../multi-paxos.ts'
import { defaultMultiPaxosOptions, type MultiPaxosOptions } from '../options.ts'
import type { MultiPaxosEnvironment } from '../replica.ts'

interface Sent {
  readonly to: NodeId
  readonly message: Message
}

/** A command that says its own name. */
export function commandOf(name: string, term: Term = 1): Value {
  const command: Command = { origin: name, sequence: 1, checksum: name.charCodeAt(0), bytes: new Uint8Array(1) }
  return { term, command }
}

/** Of a round and a member. */
export function ballotOf(round: Term, id: NodeId): Ballot {
  return { round, id }
}

/** A member alone, of which a test plays the disk, the clock and all others. */
export class OneMember {
  readonly options: MultiPaxosOptions
  paxos: MultiPaxos
  /** What has left, or arrived at itself. */
  sent: Sent[] = []
  /** What it has decided, in its present life: the name of a command, or nothing. */
  decided: (string | undefined)[] = []
  readonly readable: Map<number, Index> = new Map()
  readonly installed: SnapshotId[] = []
  /** Armed timers, with the bounds of their time. */
  readonly timers: Map<string, readonly [number, number]> = new Map()
  /** Whether the disk syncs at once. */
  quick = true
  private readonly membership: Membership
  private journal: Durable[] = []
  private synced = 0
  private held: (Sent & { readonly after: number })[] = []

  constructor(voters: readonly NodeId[] = ['a', 'b', 'c'], options: Partial<MultiPaxosOptions> = {}) {
    this.options = { ...defaultMultiPaxosOptions, alpha: 8, ...options }
    this.membership = voting(voters)
    this.paxos = new MultiPaxos(this.environment(), this.options)
    this.journal.push(this.paxos.bootstrap(this.membership))
    this.synced = 1
    this.restart()
  }

  private environment(): MultiPaxosEnvironment {
    return {
      self: 'a',
      persist: (record) => {
        this.journal.push(record)
        if (this.quick) this.synced = this.journal.length
      },
      send: (to, message) => {
        if (this.synced === this.journal.length) this.sent.push({ to, message })
        else this.held.push({ to, message, after: this.journal.length })
      },
      sendAhead: (to, message) => void this.sent.push({ to, message }),
      setTimer: (timer, min, max) => void this.timers.set(timer, [min, max]),
      clearTimer: (timer) => void this.timers.delete(timer),
      choose: () => 0,
      decide: (_index, _term, command) => void this.decided.push(command?.origin),
      led: () => undefined,
      readable: (id, index) => void this.readable.set(id, index),
      unreadable: () => undefined,
      reconfigured: () => undefined,
      install: (snapshot) => void this.installed.push(snapshot),
    }
  }

  get state(): MultiPaxos['state'] {
    return this.paxos.state
  }

  /** Power fails, and comes back: what was not synced is gone. `unreadable`: of the last records so many. */
  restart(unreadable = 0): void {
    this.journal = this.journal.slice(0, this.synced)
    this.held = []
    this.decided = []
    this.paxos = new MultiPaxos(this.environment(), this.options)
    for (const [i, record] of this.journal.entries()) {
      if (i >= this.journal.length - unreadable) this.paxos.lost('records')
      else this.paxos.restore(record)
    }
    this.paxos.start()
  }

  /** The disk has everything: what waited for it leaves. */
  sync(): void {
    this.synced = this.journal.length
    this.sent.push(...this.held)
    this.held = []
  }

  receive(from: NodeId, message: Message): void {
    this.paxos.receive(message, from)
    this.settle()
  }

  timeout(timer: string): void {
    this.paxos.timeout(timer)
    this.settle()
  }

  /** What it tells itself arrives. */
  settle(): void {
    for (let at = this.own(); at >= 0; at = this.own()) {
      const [own] = this.sent.splice(at, 1)
      assert(own !== undefined, 'there is one')
      this.paxos.receive(own.message, 'a')
    }
  }

  private own(): number {
    return this.sent.findIndex(({ to }) => to === 'a')
  }

  /** What was sent of one type, and takes it away. */
  take<Type extends Message['type']>(type: Type): (Extract<Message, { type: Type }> & { to: NodeId })[] {
    const those = this.sent.filter(({ message }) => message.type === type)
    this.sent = this.sent.filter(({ message }) => message.type !== type)
    return those.flatMap(({ to, message }) => [{ ...(message as Extract<Message, { type: Type }>), to }])
  }

  prepare(from: NodeId, round: Term): void {
    this.receive(from, {
      type: 'prepare',
      ballot: ballotOf(round, from),
      from: this.state.decided + 1,
      transfer: false,
    })
  }

  accept(from: NodeId, round: Term, values: Readonly<Record<Index, Value>>, decided = 0): void {
    const proposals: Proposal[] = Object.entries(values).map(([slot, value]) => ({ slot: Number(slot), value }))
    this.receive(from, { type: 'accept', ballot: ballotOf(round, from), proposals, decided, stable: 0, round: 1 })
  }

  /** It canvasses, and others support it: it is in phase 1. */
  campaign(supporter: NodeId = 'b'): Ballot {
    this.timeout('election')
    const { promised, decided } = this.state
    const round = this.take('canvass')[0]?.round ?? 0
    this.receive(supporter, { type: 'support', round, granted: true, promised, decided })
    return this.state.promised
  }

  /** The rest of phase 1: one acceptor reports this. */
  promise(
    from: NodeId,
    reported: Readonly<Record<Index, { readonly round: Term; readonly id: NodeId; readonly value: Value }>> = {},
  ): void {
    const accepted = Object.entries(reported).map(([slot, { round, id, value }]) => ({
      slot: Number(slot),
      ballot: ballotOf(round, id),
      value,
    }))
    const { promised: ballot, decided } = this.state
    this.receive(from, { type: 'promise', ballot, from: decided + 1, through: undefined, accepted, decided: 0 })
  }

  /** An acceptor has accepted these slots in the present ballot, or in another one. */
  accepted(from: NodeId, slots: readonly Index[], ballot: Ballot = this.state.promised, round = 0): void {
    this.receive(from, { type: 'accepted', ballot, slots, decided: 0, round })
  }

  /** The values that it has proposed, by slot. */
  proposed(): Record<Index, Value> {
    const values: Record<Index, Value> = {}
    for (const { proposals } of this.take('accept')) for (const { slot, value } of proposals) values[slot] = value
    return values
  }
}
