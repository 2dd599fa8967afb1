import type { Unary } from 'synod/grpc'
import type { StateHash } from 'synod/store'
import { synodVersion } from '../cli/version.ts'
import { alarmText } from '../proto/alarm-messages.ts'
import { readDowngrade, readEmpty, readHashKv, readHealthCheck } from '../proto/other-messages.ts'
import { downgradeActions, writeHashKvResult, writeHashResult, writeStatusResult } from '../proto/other-messages.ts'
import { noBytes, ProtoReader } from '../proto/wire.ts'
import { invalidAction, invalidTargetVersion, noDowngrade, noLeader, refuse, wrongVersionFormat } from './failures.ts'
import { etcdClusterVersion, etcdVersion } from './front.ts'
import type { Front } from './front.ts'

const serving = 1
const unknownService = { code: 5, message: 'unknown service' }
const hashStepBytes = 1024 * 1024

/** etcdserverpb.Maintenance, as far as it is here, and grpc.health.v1. */
export class MaintenanceService {
  private readonly front: Front
  private readonly synodVersion = synodVersion()

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
    const { sizeBytes, revision, alarms } = front.store
    const out = front.out.reset()
    writeStatusResult(out, {
      version: etcdVersion,
      dbSize: sizeBytes,
      leader: leader === undefined ? 0n : BigInt(`0x${leader}`),
      raftIndex: decided,
      raftTerm: term,
      raftAppliedIndex: front.applied(),
      errors: [...(leader === undefined ? [noLeader.message] : []), ...alarms.list.map(alarmText)],
      dbSizeInUse: sizeBytes,
      isLearner: front.isLearner,
      storageVersion: etcdClusterVersion,
      dbSizeQuota: front.config.quotaBytes,
      phis: phis.map(({ id, phi }) => ({ id: BigInt(`0x${id}`), phi })),
      engine: front.config.engine,
      synodVersion: this.synodVersion,
    })
    front.writeHeader(revision)
    call.respond(out.finish())
  }

  /** Equal on all members for the same revision and compaction, if they hold the same. */
  hashKv(call: Unary, message: Uint8Array): void {
    const hash = this.front.store.hashKv(readHashKv(new ProtoReader(message)))
    if ('type' in hash) return refuse(call, hash)
    this.stepHash(call, hash, writeHashKvResult)
  }

  /** etcd hashes its file, which is no other member's. Here there is nothing to hash but what HashKV does. */
  hash(call: Unary, message: Uint8Array): void {
    readEmpty(new ProtoReader(message))
    const hash = this.front.store.hashKv(0)
    if ('type' in hash) return refuse(call, hash)
    this.stepHash(call, hash, writeHashResult)
  }

  /** There is nothing to do: what a compaction frees is given back by itself. etcd's answer has not even a header. */
  defragment(call: Unary, message: Uint8Array): void {
    readEmpty(new ProtoReader(message))
    call.respond(noBytes)
  }

  /** No older version could read what this one writes, so there is none to go back to. */
  downgrade(call: Unary, message: Uint8Array): void {
    const { action, version } = readDowngrade(new ProtoReader(message))
    if (action === downgradeActions.cancel) return refuse(call, noDowngrade)
    if (action !== downgradeActions.validate && action !== downgradeActions.enable) return refuse(call, invalidAction)
    const wellFormed = /^\d+\.\d+(\.\d+([-+].*)?)?$/.test(version)
    refuse(call, wellFormed ? invalidTargetVersion : wrongVersionFormat, 'Synod has no older version to go back to')
  }

  /** A database takes seconds to hash: other calls are answered between the steps. */
  private stepHash(call: Unary, hash: StateHash, write: typeof writeHashKvResult): void {
    if (call.cancelled) return hash.close()
    const sum = hash.step(hashStepBytes)
    if (sum === undefined) return void setImmediate(() => this.stepHash(call, hash, write))
    const { front } = this
    const out = front.out.reset()
    write(out, sum, hash.compactRevision, hash.revision)
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
