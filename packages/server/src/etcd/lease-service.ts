import { randomBytes } from 'node:crypto'
import type { Unary } from 'synod/grpc'
import { checkLeaseGrant, keyBytes } from 'synod/store'
import { readTimeToLive, writeLeases, writeTimeToLive } from '../proto/lease-messages.ts'
import type { TimeToLiveRequest } from '../proto/lease-messages.ts'
import { readEmpty, readLeaseGrant, readLeaseRevoke } from '../proto/other-messages.ts'
import { ProtoReader } from '../proto/wire.ts'
import type { ProtoWriter } from '../proto/wire.ts'
import { answerNow, ReadCall, WriteCall } from './calls.ts'
import { refuse, timedOut } from './failures.ts'
import type { Front } from './front.ts'

/** A question that was lost with its leader is asked anew. */
const askAgainMs = 500

/** etcdserverpb.Lease, as far as it is here: keys that vanish with their owner, unless it writes them anew. */
export class LeaseService {
  private readonly front: Front
  /** Seconds. A shorter lease could end while the members elect who would have extended it. */
  private readonly shortestTtl: number

  constructor(front: Front) {
    this.front = front
    this.shortestTtl = Math.ceil((1.5 * front.config.electionTimeout) / 1000)
  }

  grant(call: Unary, message: Uint8Array): void {
    const asked = readLeaseGrant(new ProtoReader(message))
    const { front } = this
    const id = asked.id === 0n ? chooseId() : asked.id
    const grant = { type: 'leaseGrant', id, ttlSeconds: Math.max(asked.ttl, this.shortestTtl) } as const
    const refused = checkLeaseGrant(asked.ttl) ?? front.store.checkAlarms(grant) ?? front.space.refuse(grant)
    if (refused !== undefined) return refuse(call, refused)
    front.submit(grant, new WriteCall(front, call))
  }

  revoke(call: Unary, message: Uint8Array): void {
    const id = readLeaseRevoke(new ProtoReader(message))
    this.front.submit({ type: 'leaseRevoke', id }, new WriteCall(this.front, call))
  }

  /** Those that live, after the last write. */
  leases(call: Unary, message: Uint8Array): void {
    readEmpty(new ProtoReader(message))
    const { front } = this
    front.replica.read(
      new ReadCall(call, () => {
        const ids = front.lessor.leases().map(({ id }) => id)
        this.respond(call, (out) => writeLeases(out, ids))
      }),
    )
  }

  /** How long a lease still runs, which its leader knows: whoever is asked asks it. */
  timeToLive(call: Unary, message: Uint8Array): void {
    const request = readTimeToLive(new ProtoReader(message))
    const until = performance.now() + 7 * this.front.config.electionTimeout
    this.front.replica.read(new ReadCall(call, () => this.answerTimeToLive(call, request, until)))
  }

  private answerTimeToLive(call: Unary, request: TimeToLiveRequest, until: number): void {
    const { front } = this
    const { id } = request
    const seconds = this.lossOf(id) ?? front.lessor.remaining(id)
    if (seconds !== undefined) return this.tell(call, request, seconds)
    const timer = setTimeout(() => {
      takeBack()
      if (call.cancelled) return
      if (performance.now() > until) return refuse(call, timedOut)
      this.answerTimeToLive(call, request, until)
    }, askAgainMs)
    timer.unref()
    const takeBack = front.lessor.ask(id, (told) => {
      clearTimeout(timer)
      takeBack()
      if (!call.cancelled) this.tell(call, request, this.lossOf(id) ?? told)
    })
  }

  /** What is said of a lease that is not there. */
  private lossOf(id: bigint): -1 | undefined {
    return this.front.store.leases.get(id) === undefined ? -1 : undefined
  }

  private tell(call: Unary, { id, keys }: TimeToLiveRequest, seconds: number): void {
    const lease = this.front.store.leases.get(id)
    const names = keys && lease !== undefined ? lease.sortedKeys().map(({ text }) => keyBytes(text)) : []
    this.respond(call, (out) => writeTimeToLive(out, id, seconds, lease?.ttlSeconds ?? 0, names))
  }

  private respond(call: Unary, write: (out: ProtoWriter) => void): void {
    const { front } = this
    answerNow(call, () => {
      const out = front.out.reset()
      write(out)
      front.writeHeader(front.store.revision)
      call.respond(out.finish())
    })
  }
}

/** Positive, as etcd's: some clients cannot hold a greater one. Random: two members never choose the same. */
function chooseId(): bigint {
  return randomBytes(8).readBigUInt64BE() & 0x7fff_ffff_ffff_ffffn || 1n
}
