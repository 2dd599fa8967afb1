import { Interner } from '../interner.ts'
import { PairMap } from '../pair-map.ts'
import { widened } from '../symmetry.ts'
import type { NetworkKind } from './system.ts'

/** Where a network finds itself in a state: from this slot on, and from this number on its bits. */
export interface Place {
  readonly slot: number
  readonly bits: number
}

/** What is under way, as a part of a state. Envelopes are numbers here. */
export interface Network {
  /** Slots that it needs. */
  readonly slots: number
  /** A delivery without any effect is a transition: it lets the next one through. */
  readonly countsAll: boolean
  /** Writes the envelopes that may be delivered to `list`, in order, and answers how many. */
  ready(state: Int32Array, list: number[]): number
  /** Answers the array, or a wider one. */
  put(state: Int32Array, envelope: number): Int32Array
  deliver(state: Int32Array, envelope: number): void
  lose(state: Int32Array, envelope: number): void
  /** Loses all that is under way between two, copies and what waits behind the first included. */
  losePair(state: Int32Array, pair: number): void
}

/** The envelopes, and what networks must know of them. */
export interface Envelopes {
  /** The number of another copy of the same, which exists from now on. */
  anotherCopy(envelope: number): number
  /** -1: none was ever needed. */
  copyOf(envelope: number): number
  isCopy(envelope: number): boolean
  /** Which queue it goes through. */
  pair(envelope: number): number
  /** All that go through it: bits as in a state. */
  between(pair: number): readonly number[]
}

export function createNetwork(kind: NetworkKind, place: Place, envelopes: Envelopes, pairs: number): Network {
  switch (kind) {
    case 'set':
      return new SetNetwork(place, envelopes)
    case 'duplicating':
      return new DuplicatingNetwork(place, envelopes)
    case 'multiset':
      return new MultisetNetwork(place, envelopes)
    case 'ordered':
      return new OrderedNetwork(place, envelopes, pairs)
  }
}

/** A bit for each envelope. As one interned value, nearly every state would have its own. */
class SetNetwork implements Network {
  readonly slots: number = 0
  readonly countsAll: boolean = false
  protected readonly place: Place
  protected readonly envelopes: Envelopes

  constructor(place: Place, envelopes: Envelopes) {
    this.place = place
    this.envelopes = envelopes
  }

  ready(state: Int32Array, list: number[]): number {
    return this.all(state, list)
  }

  protected all(state: Int32Array, list: number[]): number {
    const { bits: first } = this.place
    let count = 0
    for (let word = first; word < state.length; word++)
      for (let bits = state[word] ?? 0; bits !== 0; bits &= bits - 1)
        list[count++] = 32 * (word - first) + 31 - Math.clz32(bits & -bits)
    return count
  }

  put(state: Int32Array, envelope: number): Int32Array {
    const word = this.place.bits + (envelope >>> 5)
    const wide = word < state.length ? state : widened(state, word + 1)
    wide[word] = (wide[word] ?? 0) | (1 << (envelope & 31))
    return wide
  }

  deliver(state: Int32Array, envelope: number): void {
    this.lose(state, envelope)
  }

  lose(state: Int32Array, envelope: number): void {
    this.clear(state, envelope)
  }

  protected clear(state: Int32Array, envelope: number): void {
    const word = this.place.bits + (envelope >>> 5)
    state[word] = (state[word] ?? 0) & ~(1 << (envelope & 31))
  }

  losePair(state: Int32Array, pair: number): void {
    const { bits } = this.place
    const between = this.envelopes.between(pair)
    const words = Math.min(between.length, state.length - bits)
    for (let word = 0; word < words; word++) state[bits + word] = (state[bits + word] ?? 0) & ~(between[word] ?? 0)
  }

  protected has(state: Int32Array, envelope: number): boolean {
    return (((state[this.place.bits + (envelope >>> 5)] ?? 0) >>> (envelope & 31)) & 1) === 1
  }
}

/** Delivery takes nothing. The envelope that came last is remembered, so that its delivery shows in the state. */
class DuplicatingNetwork extends SetNetwork {
  override readonly slots: number = 1

  override deliver(state: Int32Array, envelope: number): void {
    state[this.place.slot] = envelope + 1
  }
}

/** Counts in unary: a second copy of an envelope is a bit of its own, which exists only where it is needed. */
class MultisetNetwork extends SetNetwork {
  override ready(state: Int32Array, list: number[]): number {
    const all = this.all(state, list)
    let count = 0
    for (let i = 0; i < all; i++) {
      const envelope = list[i] ?? 0
      if (!this.envelopes.isCopy(envelope)) list[count++] = envelope
    }
    return count
  }

  override put(state: Int32Array, envelope: number): Int32Array {
    let free = envelope
    while (this.has(state, free)) free = this.envelopes.anotherCopy(free)
    return super.put(state, free)
  }

  /** The last copy. */
  override lose(state: Int32Array, envelope: number): void {
    let last = envelope
    for (let next = last; next >= 0 && this.has(state, next); next = this.envelopes.copyOf(next)) last = next
    this.clear(state, last)
  }
}

/** A slot for each pair of nodes, with the number of its queue. */
class OrderedNetwork implements Network {
  readonly slots: number
  readonly countsAll = true
  private readonly place: Place
  private readonly envelopes: Envelopes
  private readonly queues = new Interner<readonly number[]>()
  private readonly longer = new PairMap()
  private readonly shorter: number[] = []

  constructor(place: Place, envelopes: Envelopes, pairs: number) {
    this.place = place
    this.envelopes = envelopes
    this.slots = pairs
    // An empty queue is 0, as in a state that nothing was written to.
    this.queues.number([])
  }

  ready(state: Int32Array, list: number[]): number {
    let count = 0
    for (let pair = 0; pair < this.slots; pair++) {
      const queue = state[this.place.slot + pair] ?? 0
      if (queue !== 0) list[count++] = this.queues.value(queue)[0] ?? 0
    }
    return count
  }

  put(state: Int32Array, envelope: number): Int32Array {
    const slot = this.place.slot + this.envelopes.pair(envelope)
    const queue = state[slot] ?? 0
    let longer = this.longer.get(queue, envelope)
    if (longer < 0) {
      longer = this.queues.number([...this.queues.value(queue), envelope])
      this.longer.set(queue, envelope, longer)
    }
    state[slot] = longer
    return state
  }

  deliver(state: Int32Array, envelope: number): void {
    this.lose(state, envelope)
  }

  lose(state: Int32Array, envelope: number): void {
    const slot = this.place.slot + this.envelopes.pair(envelope)
    const queue = state[slot] ?? 0
    state[slot] = this.shorter[queue] ??= this.queues.number(this.queues.value(queue).slice(1))
  }

  losePair(state: Int32Array, pair: number): void {
    state[this.place.slot + pair] = 0
  }
}
