import type { Route, Unary } from 'synod/grpc'
import { errors } from 'synod/store'
import { TooDeep, WireError } from '../proto/wire.ts'
import { AlarmService } from './alarm-service.ts'
import { noLeader, notForLearners, refuse, serverStopped } from './failures.ts'
import type { Front } from './front.ts'
import { KvService } from './kv-service.ts'
import { LeaseService } from './lease-service.ts'
import { MaintenanceService } from './maintenance-service.ts'
import { MemberService } from './member-service.ts'

type Handler = (call: Unary, message: Uint8Array) => void

const unimplemented = 12
const internal = 13

/** Services of etcd of which nothing is here yet. */
const laterServices = ['etcdserverpb.Watch', 'etcdserverpb.Auth', 'v3lockpb.Lock', 'v3electionpb.Election'] as const

/** Every method of the API that is here, by its path. The transport refuses all others with 12. */
export function etcdRoutes(front: Front): Map<string, Route> {
  const kv = new KvService(front)
  const lease = new LeaseService(front)
  const members = new MemberService(front)
  const maintenance = new MaintenanceService(front)
  const alarms = new AlarmService(front)
  const handlers: Readonly<Record<string, Handler>> = {
    '/etcdserverpb.KV/Range': (call, message) => kv.range(call, message),
    '/etcdserverpb.KV/Put': (call, message) => kv.put(call, message),
    '/etcdserverpb.KV/DeleteRange': (call, message) => kv.deleteRange(call, message),
    '/etcdserverpb.KV/Txn': (call, message) => kv.txn(call, message),
    '/etcdserverpb.KV/Compact': (call, message) => kv.compact(call, message),
    '/etcdserverpb.Lease/LeaseGrant': (call, message) => lease.grant(call, message),
    '/etcdserverpb.Lease/LeaseRevoke': (call, message) => lease.revoke(call, message),
    '/etcdserverpb.Lease/LeaseTimeToLive': (call, message) => lease.timeToLive(call, message),
    '/etcdserverpb.Lease/LeaseLeases': (call, message) => lease.leases(call, message),
    '/etcdserverpb.Cluster/MemberList': (call, message) => members.list(call, message),
    '/etcdserverpb.Cluster/MemberAdd': (call, message) => members.add(call, message),
    '/etcdserverpb.Cluster/MemberRemove': (call, message) => members.remove(call, message),
    '/etcdserverpb.Cluster/MemberUpdate': (call, message) => members.update(call, message),
    '/etcdserverpb.Cluster/MemberPromote': (call, message) => members.promote(call, message),
    '/etcdserverpb.Maintenance/MoveLeader': (call, message) => members.moveLeader(call, message),
    '/etcdserverpb.Maintenance/Status': (call, message) => maintenance.status(call, message),
    '/etcdserverpb.Maintenance/HashKV': (call, message) => maintenance.hashKv(call, message),
    '/etcdserverpb.Maintenance/Hash': (call, message) => maintenance.hash(call, message),
    '/etcdserverpb.Maintenance/Defragment': (call, message) => maintenance.defragment(call, message),
    '/etcdserverpb.Maintenance/Downgrade': (call, message) => maintenance.downgrade(call, message),
    '/etcdserverpb.Maintenance/Alarm': (call, message) => alarms.alarm(call, message),
    '/grpc.health.v1.Health/Check': (call, message) => maintenance.check(call, message),
  }
  const routes = new Map<string, Route>()
  for (const [path, handler] of Object.entries(handlers)) {
    routes.set(path, { unary: guarded(front, handler, servedByLearners.has(path)) })
  }
  // A path without a method makes the service known: "unknown method Watch for service etcdserverpb.Watch", as grpc-go
  // says, is what clients take for "an older server". An unknown service is none of etcd's.
  for (const service of laterServices) {
    const message = `unknown method  for service ${service}`
    routes.set(`/${service}/`, { unary: (call) => call.fail(unimplemented, message) })
  }
  return routes
}

/** Of a range it is asked whether it is serializable when it has been read. */
const servedByLearners: ReadonlySet<string> = new Set([
  '/etcdserverpb.KV/Range',
  '/etcdserverpb.Maintenance/Status',
  '/grpc.health.v1.Health/Check',
])

/**
 * What comes before every method: who was removed serves none, a learner few of them, who insists on a leader is not kept waiting, and what is
 * no message is refused.
 */
function guarded(front: Front, handler: Handler, forLearners: boolean): Handler {
  return (call, message) => {
    try {
      if (front.replica.departing) return refuse(call, serverStopped, 'this member was removed from the cluster')
      if (!forLearners && front.isLearner) return refuse(call, notForLearners)
      if (front.replica.standing.leader === undefined && call.metadata('hasleader') === 'true') {
        return refuse(call, noLeader)
      }
      handler(call, message)
    } catch (error) {
      // A transaction is nested deeper only by having more operations than it may.
      if (error instanceof TooDeep) return refuse(call, errors.tooManyOperations)
      if (!(error instanceof WireError)) throw error
      call.fail(internal, `grpc: error unmarshalling request: ${error.message}`)
    }
  }
}
