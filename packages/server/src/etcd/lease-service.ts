import { randomBytes } from 'node:crypto'
import type { Unary } from 'synod/grpc'
import { checkLeaseGrant } from 'synod/store'
import { readLeaseGrant, readLeaseRevoke } from '../proto/other-messages.ts'
import { ProtoReader } from '../proto/wire.ts'
import { WriteCall } from './calls.ts'
import { refuse } from './failures.ts'
import type { Front } from './front.ts'

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
}

/** Positive, as etcd's: some clients cannot hold a greater one. Random: two members never choose the same. */
function chooseId(): bigint {
  return randomBytes(8).readBigUInt64BE() & 0x7fff_ffff_ffff_ffffn || 1n
}
