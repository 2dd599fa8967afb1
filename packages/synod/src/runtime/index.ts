/**
 * The real world of a member that runs on Node.js: its clock, its files, its sockets.
 *
 * @module
 */
export { type DirectoryLock, lockDirectory, lockOwner } from './directory-lock.ts'
export { GuardedHost } from './guarded-host.ts'
export { NodeClock } from './node-clock.ts'
export { createDirectory, type Enter, NodeDisk } from './node-disk.ts'
export { type DiskCounters, durationBounds } from './metered-disk.ts'
export { nativeChecksum, NodePorts, type NodePortsOptions } from './node-ports.ts'
export {
  HaltedAtStart,
  type OpeningMember,
  type RunningMember,
  type StartMemberOptions,
  startMember,
} from './run-member.ts'
export { StartFailed, type StartFailedDetail } from './start-failed.ts'
export type { PeerTls } from './transport/authentication.ts'
export { alternativeNames, memberNamesIn, memberUri, namesHost } from './transport/certificate-names.ts'
export { askForIntroduction } from './transport/introduction.ts'
export { type PeerTraffic } from './transport/traffic.ts'
export { defaultLimits, type Identity, type TransportLimits } from './transport/peer.ts'
export { Transport, type TransportOptions } from './transport/transport.ts'
