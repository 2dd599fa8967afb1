import { emptyHeader, readHeader } from './kv-responses.ts'
import type { ResponseHeader } from './kv-responses.ts'
import { noBytes } from './wire.ts'
import type { ProtoReader, ProtoWriter } from './wire.ts'

/** etcdserverpb.LeaseGrantRequest; an id of 0 asks the server to choose one. */
export interface LeaseGrantRequest {
  readonly ttl: number
  readonly id: bigint
}

/** etcdserverpb.StatusResponse; what newer versions added to it too. */
export interface StatusResponse {
  readonly header: ResponseHeader
  readonly version: string
  readonly dbSize: number
  readonly leader: bigint
  readonly raftIndex: number
  readonly raftTerm: number
  readonly raftAppliedIndex: number
  readonly errors: readonly string[]
  readonly dbSizeInUse: number
  readonly isLearner: boolean
  readonly storageVersion: string
  readonly dbSizeQuota: number
  /** Not etcd's: of peers that speak to this member, how unlikely their silence is, in thousandths on the wire. */
  readonly phis: readonly PeerPhi[]
  /** Not etcd's: the protocol that orders the writes of the cluster; empty where it is not said. */
  readonly engine: string
  /** Not etcd's: whose version is `version`; empty where it is not said. */
  readonly synodVersion: string
}

/** φ: the chance that the peer is alive and merely silent is 10^−φ. */
export interface PeerPhi {
  readonly id: bigint
  readonly phi: number
}

/** Far beyond what etcd's own fields will come to. */
const phiField = 1001

export function readLeaseGrant(input: ProtoReader): LeaseGrantRequest {
  let ttl = 0
  let id = 0n
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) ttl = input.number()
    else if (field === 2) id = input.int64()
    else input.skip()
  }
  return { ttl, id }
}

/** Everything of a LeaseGrantResponse after its header. */
export function writeLeaseGrantResult(out: ProtoWriter, id: bigint, ttl: number): void {
  out.number(3, ttl)
  out.bigint(2, id)
}

/** The id of a LeaseRevokeRequest. */
export function readLeaseRevoke(input: ProtoReader): bigint {
  let id = 0n
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) id = input.int64()
    else input.skip()
  }
  return id
}

/** The revision of a HashKVRequest. */
export function readHashKv(input: ProtoReader): number {
  let revision = 0
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) revision = input.number()
    else input.skip()
  }
  return revision
}

/** The numbers of etcdserverpb.DowngradeRequest.DowngradeAction. */
export const downgradeActions = { validate: 0, enable: 1, cancel: 2 } as const

/** A DowngradeRequest. */
export function readDowngrade(input: ProtoReader): { readonly action: number; readonly version: string } {
  let action = 0
  let version = ''
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) action = input.enumeration()
    else if (field === 2) version = input.text()
    else input.skip()
  }
  return { action, version }
}

/** The service that a HealthCheckRequest asks for; empty for the whole server. */
export function readHealthCheck(input: ProtoReader): string {
  let service = ''
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) service = input.text()
    else input.skip()
  }
  return service
}

/** A request without fields: whatever it carries is unknown, but it must be a message. */
export function readEmpty(input: ProtoReader): void {
  while (input.next() !== 0) input.skip()
}

/** Far from where etcd adds fields; its clients skip them. */
const engineField = 1000
const synodVersionField = 1002

/** Everything of a StatusResponse after its header. */
export function writeStatusResult(out: ProtoWriter, status: Omit<StatusResponse, 'header'>): void {
  out.text(synodVersionField, status.synodVersion)
  for (const { id, phi } of status.phis.toReversed()) {
    const mark = out.begin()
    out.number(2, Math.min(Math.round(phi * 1000), Number.MAX_SAFE_INTEGER))
    out.bigint(1, id)
    out.end(phiField, mark)
  }
  out.text(engineField, status.engine)
  // Nobody goes back to an older version: a DowngradeInfo that says so by its defaults.
  out.element(13, noBytes)
  out.number(12, status.dbSizeQuota)
  out.text(11, status.storageVersion)
  out.flag(10, status.isLearner)
  out.number(9, status.dbSizeInUse)
  for (const error of status.errors.toReversed()) out.text(8, error)
  out.number(7, status.raftAppliedIndex)
  out.number(6, status.raftTerm)
  out.number(5, status.raftIndex)
  out.bigint(4, status.leader)
  out.number(3, status.dbSize)
  out.text(2, status.version)
}

const emptyStatus: StatusResponse = {
  header: emptyHeader,
  version: '',
  dbSize: 0,
  leader: 0n,
  raftIndex: 0,
  raftTerm: 0,
  raftAppliedIndex: 0,
  errors: [],
  dbSizeInUse: 0,
  isLearner: false,
  storageVersion: '',
  dbSizeQuota: 0,
  engine: '',
  synodVersion: '',
  phis: [],
}

export function readStatusResponse(input: ProtoReader): StatusResponse {
  const status: { -readonly [Field in keyof StatusResponse]: StatusResponse[Field] } = { ...emptyStatus }
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        status.header = readHeader(input)
        break
      case 2:
        status.version = input.text()
        break
      case 3:
        status.dbSize = input.number()
        break
      case 4:
        status.leader = input.uint64()
        break
      case 5:
        status.raftIndex = input.number()
        break
      case 6:
        status.raftTerm = input.number()
        break
      case 7:
        status.raftAppliedIndex = input.number()
        break
      case 8:
        status.errors = [...status.errors, input.text()]
        break
      case 9:
        status.dbSizeInUse = input.number()
        break
      case 10:
        status.isLearner = input.flag()
        break
      case 11:
        status.storageVersion = input.text()
        break
      case 12:
        status.dbSizeQuota = input.number()
        break
      case phiField:
        status.phis = [...status.phis, readPhi(input)]
        break
      case engineField:
        status.engine = input.text()
        break
      case synodVersionField:
        status.synodVersion = input.text()
        break
      default:
        input.skip()
    }
  }
  return status
}

function readPhi(input: ProtoReader): PeerPhi {
  const outer = input.enter()
  let id = 0n
  let phi = 0
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) id = input.uint64()
    else if (field === 2) phi = input.number() / 1000
    else input.skip()
  }
  input.leave(outer)
  return { id, phi }
}

/** Everything of a HashKVResponse after its header. */
export function writeHashKvResult(out: ProtoWriter, hash: number, compactRevision: number, hashRevision: number): void {
  out.number(4, hashRevision)
  out.number(3, compactRevision)
  out.number(2, hash)
}

/** Everything of a HashResponse after its header. */
export function writeHashResult(out: ProtoWriter, hash: number): void {
  out.number(2, hash)
}
