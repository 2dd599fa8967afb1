import type { Unary } from 'synod/grpc'
import type { StateHash } from 'synod/store'
import { readEmpty, readHashKv, readHealthCheck } from '../proto/other-messages.ts'
import { writeHashKvResult, writeStatusResult } from '../proto/other-messages.ts'
import { ProtoReader } from '../proto/wire.ts'
import { refuse } from './failures.ts'
import { etcdClusterVersion, etcdVersion } from './front.ts'
import type { Front } from './front.ts'

const serving = 1
const unknownService = { code: 5, message: 'unknown service' }
const hashStepBytes = 1024 * 1024

/** etcdserverpb.Maintenance, as far as it is here, and grpc.health.v1. */
export class MaintenanceService {
  private readonly front: Front

  constructor(front: Front) {
    this.front = front
  }

  /** What this member knows of itself, leader or not. */
  status(call: Unary, message: Uint8Array): void {
    readEmpty(new ProtoReader(message))
    const { front } = this
    const { standing } = front.replica
    const { leader, term, decided } = standing
    const phis = front.peers?.phis(standing, front.seat.self) ?? []
    const { sizeBytes, revision } = front.store
    const out = front.out.reset()
    writeStatusResult(out, {
      version: etcdVersion,
      dbSize: sizeBytes,
      leader: leader === undefined ? 0n : BigInt(`0x${leader}`),
      raftIndex: decided,
      raftTerm: term,
      raftAppliedIndex: front.applied(),
      errors: leader === undefined ? ['etcdserver: no leader'] : [],
      dbSizeInUse: sizeBytes,
      isLearner: front.isLearner,
      storageVersion: etcdClusterVersion,
      dbSizeQuota: front.config.quotaBytes,
      phis: phis.map(({ id, phi }) => ({ id: BigInt(`0x${id}`), phi })),
      engine: front.config.engine,
    })
    front.writeHeader(revision)
    call.respond(out.finish())
  }

  /** Equal on all members for the same revision and compaction, if they hold the same. */
  hashKv(call: Unary, message: Uint8Array): void {
    const hash = this.front.store.hashKv(readHashKv(new ProtoReader(message)))
    if ('type' in hash) return refuse(call, hash)
    this.stepHash(call, hash)
  }

  /** A database takes seconds to hash: other calls are answered between the steps. */
  private stepHash(call: Unary, hash: StateHash): void {
    if (call.cancelled) return hash.close()
    const sum = hash.step(hashStepBytes)
    if (sum === undefined) return void setImmediate(() => this.stepHash(call, hash))
    const { front } = this
    const out = front.out.reset()
    writeHashKvResult(out, sum, hash.compactRevision, hash.revision)
    front.writeHeader(front.store.revision)
    call.respond(out.finish())
  }

  /** The whole server only. It is healthy while it answers: etcd says so without a leader too. */
  check(call: Unary, message: Uint8Array): void {
    const service = readHealthCheck(new ProtoReader(message))
    if (service !== '') return refuse(call, unknownService)
    const out = this.front.out.reset()
    out.number(1, serving)
    call.respond(out.finish())
  }
}
