import { assert } from '../core/index.ts'
import { errors } from './errors.ts'
import type { StoreError } from './errors.ts'
import type { Key } from './revisions.ts'

/** A lease as it was granted, and the keys that end with it. How long it still runs, its leader knows alone. */
export class Lease {
  readonly id: bigint
  /** As granted; the leader keeps the time. */
  readonly ttlSeconds: number
  /** Which grant it was, of all grants and endings of leases so far: tells a lease from a later one of the same id. */
  readonly grantedAt: number
  /** Which ending it was; undefined while it lives. */
  endedAt: number | undefined
  readonly keys: Set<Key> = new Set()

  constructor(id: bigint, ttlSeconds: number, grantedAt: number) {
    this.id = id
    this.ttlSeconds = ttlSeconds
    this.grantedAt = grantedAt
    this.endedAt = undefined
  }

  /** In key order. */
  sortedKeys(): Key[] {
    return [...this.keys].toSorted((a, b) => (a.text < b.text ? -1 : 1))
  }
}

/** The leases that live. */
export class Leases {
  private readonly living = new Map<bigint, Lease>()
  /** In the order of their grants, with some that ended; replaced, not shortened, when most have: readers keep theirs. */
  private granted: Lease[] = []
  /** The number of grants and endings so far: the only clock that all members share. */
  clock = 0
  /** Only the leader of this term, or of a later one, may let leases expire. */
  term = 0

  get count(): number {
    return this.living.size
  }

  get lastGrantedAt(): number {
    return this.granted.at(-1)?.grantedAt ?? 0
  }

  get(id: bigint): Lease | undefined {
    return this.living.get(id)
  }

  /** Those that live, in the order of their grants. */
  values(): Iterable<Lease> {
    return this.living.values()
  }

  grant(id: bigint, ttlSeconds: number): Lease | StoreError {
    if (this.living.has(id)) return errors.leaseExists
    return this.restore(id, ttlSeconds, ++this.clock)
  }

  /** One of a snapshot, in the order of their grants. */
  restore(id: bigint, ttlSeconds: number, grantedAt: number): Lease {
    assert(!this.living.has(id), 'an id names one living lease')
    const lease = new Lease(id, ttlSeconds, grantedAt)
    this.living.set(id, lease)
    this.granted.push(lease)
    return lease
  }

  /** It has no more keys. */
  end(lease: Lease): void {
    assert(this.living.get(lease.id) === lease && lease.keys.size === 0, 'a lease ends once, after its keys')
    this.living.delete(lease.id)
    lease.endedAt = ++this.clock
    if (this.granted.length > 2 * this.living.size + 64) {
      this.granted = this.granted.filter((candidate) => candidate.endedAt === undefined)
    }
  }

  /** The key's newest change has another lease, or none, or deleted it. */
  move(key: Key, from: bigint, to: bigint): void {
    if (from === to) return
    if (from !== 0n) this.living.get(from)?.keys.delete(key)
    if (to !== 0n) this.living.get(to)?.keys.add(key)
  }

  /** Those that live now, in the order of their grants, whatever becomes of them meanwhile. */
  read(): LeaseReader {
    return new LeaseReader(this.granted, this.clock)
  }
}

/** Reads the leases of one instant in pieces. */
export class LeaseReader {
  private readonly granted: readonly Lease[]
  private readonly clock: number
  private place = 0

  constructor(granted: readonly Lease[], clock: number) {
    this.granted = granted
    this.clock = clock
  }

  next(): Lease | undefined {
    for (let lease = this.granted[this.place]; lease !== undefined; lease = this.granted[this.place]) {
      if (lease.grantedAt > this.clock) return undefined
      this.place++
      if (lease.endedAt === undefined || lease.endedAt > this.clock) return lease
    }
    return undefined
  }
}
