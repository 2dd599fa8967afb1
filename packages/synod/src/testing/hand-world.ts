import {
  assert,
  present,
  type Command,
  type Decides,
  type Environment,
  type Index,
  type NodeId,
} from '../core/index.ts'
import type { Milliseconds, Protocol, Term, TimerName } from '../core/index.ts'

/** A message that was sent and not yet delivered. */
export interface UnderWay<Message> {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: Message
}

export interface Decided {
  readonly id: NodeId
  readonly index: Index
  readonly term: Term
  readonly command: Command | undefined
}

export interface HandWorldOptions {
  /** `by hand`: what is persisted is durable, and what waits for it leaves, when `sync` is called; otherwise at once. */
  readonly disks?: 'at once' | 'by hand'
  /** How the coins fall: a number below `alternatives`. Default: 0. */
  readonly coin?: (id: NodeId, alternatives: number) => number
}

/**
 * Bare protocols in a world without time, in which nothing happens by itself: whoever holds it delivers messages, lets
 * timers fire, cuts the power. So a test tells one schedule, and a scheduler of the worst kind can be written as code.
 */
export class HandWorld<P extends Protocol<unknown, Message, Durable>, Message, Durable> {
  /** In the order in which they were sent. */
  readonly underWay: UnderWay<Message>[] = []
  readonly decided: Decided[] = []
  readonly ids: readonly NodeId[]
  private readonly make: (env: Environment<Message, Durable> & Decides, ids: readonly NodeId[]) => P
  private readonly options: HandWorldOptions
  private readonly places = new Map<NodeId, Place<P, Message, Durable>>()

  constructor(
    ids: readonly NodeId[],
    make: (env: Environment<Message, Durable> & Decides, ids: readonly NodeId[]) => P,
    options: HandWorldOptions = {},
  ) {
    this.ids = ids
    this.make = make
    this.options = options
    for (const id of ids) this.places.set(id, { up: undefined, durable: [], unsynced: [], held: [], timers: new Map() })
    for (const id of ids) this.start(id)
  }

  /** From what its disk has. */
  start(id: NodeId): void {
    const place = this.place(id)
    assert(place.up === undefined, `${id} is down`)
    const protocol = this.make(this.environment(id, place), this.ids)
    for (const record of place.durable) protocol.restore(record)
    place.up = protocol
    this.act(id, () => protocol.start())
  }

  /** Power fails: what is not on its disk is lost, and what it said to itself. */
  crash(id: NodeId): void {
    const place = this.place(id)
    place.up = undefined
    place.unsynced = []
    place.held = []
    place.timers.clear()
    const rest = this.underWay.filter(({ from, to }) => from !== id || to !== id)
    this.underWay.splice(0, this.underWay.length, ...rest)
  }

  isUp(id: NodeId): boolean {
    return this.place(id).up !== undefined
  }

  node(id: NodeId): P {
    return present(this.place(id).up, `${id} is up`)
  }

  /** Calls one of its inputs. */
  ask(id: NodeId, input: (node: P) => void): void {
    this.act(id, () => input(this.node(id)))
  }

  timers(id: NodeId): readonly TimerName[] {
    return [...this.place(id).timers.keys()].toSorted()
  }

  /** From what the time of an armed timer is drawn: there is none here. */
  wait(id: NodeId, timer: TimerName): Wait | undefined {
    return this.place(id).timers.get(timer)
  }

  fire(id: NodeId, timer: TimerName): void {
    const { timers } = this.place(id)
    assert(timers.delete(timer), `${id} has armed ${timer}`)
    this.act(id, () => this.node(id).timeout(timer))
  }

  /** What it persisted is durable, and what waited for that leaves. */
  sync(id: NodeId): void {
    const place = this.place(id)
    place.durable.push(...place.unsynced.splice(0))
    this.underWay.push(...place.held.splice(0))
  }

  /** Whoever is down does not hear it. */
  deliver(one: UnderWay<Message>): void {
    this.take(one)
    const { up } = this.place(one.to)
    if (up !== undefined) this.act(one.to, () => up.receive(one.message, one.from))
  }

  lose(one: UnderWay<Message>): void {
    this.take(one)
  }

  /** Those of now and those that follow from them, the oldest first, until none of these is left. */
  deliverAll(which: (one: UnderWay<Message>) => boolean = () => true): void {
    for (let next = this.underWay.find(which); next !== undefined; next = this.underWay.find(which)) this.deliver(next)
  }

  private take(one: UnderWay<Message>): void {
    const at = this.underWay.indexOf(one)
    assert(at >= 0, 'the message is under way')
    this.underWay.splice(at, 1)
  }

  private act(id: NodeId, what: () => void): void {
    what()
    if (this.options.disks !== 'by hand') this.sync(id)
  }

  private place(id: NodeId): Place<P, Message, Durable> {
    return present(this.places.get(id), `${id} takes part`)
  }

  private environment(id: NodeId, place: Place<P, Message, Durable>): Environment<Message, Durable> & Decides {
    return {
      self: id,
      persist: (record) => void place.unsynced.push(record),
      send: (to, message) => {
        const isHeld = place.unsynced.length > 0
        ;(isHeld ? place.held : this.underWay).push({ from: id, to, message })
      },
      sendAhead: (to, message) => void this.underWay.push({ from: id, to, message }),
      setTimer: (timer, min, max) => void place.timers.set(timer, { min, max }),
      clearTimer: (timer) => void place.timers.delete(timer),
      choose: (alternatives) => this.options.coin?.(id, alternatives) ?? 0,
      decide: (index, term, command) => void this.decided.push({ id, index, term, command }),
    }
  }
}

interface Wait {
  readonly min: Milliseconds
  readonly max: Milliseconds
}

/** One node, whether it is up or down. */
interface Place<P, Message, Durable> {
  up: P | undefined
  readonly durable: Durable[]
  unsynced: Durable[]
  held: UnderWay<Message>[]
  readonly timers: Map<TimerName, Wait>
}
