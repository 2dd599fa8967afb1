import { join } from 'node:path'

/** A flag, and the file that it names, if any. */
type Flag = readonly string[]

/**
 * How a member is told of the certificates that `certificates create` has made for it, and which lie in `place`: those of its
 * port for clients.
 */
export function clientPortFlags(place: string): Flag[] {
  return [
    ['--cert-file', join(place, 'server.crt')],
    ['--key-file', join(place, 'server.key')],
    ['--trusted-ca-file', join(place, 'ca.crt')],
    ['--client-cert-auth'],
  ]
}

/** The same of its port for other members. */
export function peerPortFlags(place: string): Flag[] {
  return [
    ['--peer-cert-file', join(place, 'peer.crt')],
    ['--peer-key-file', join(place, 'peer.key')],
    ['--peer-trusted-ca-file', join(place, 'ca.crt')],
  ]
}

/** Of both. */
export function certificateFlags(place: string): Flag[] {
  return [...clientPortFlags(place), ...peerPortFlags(place)]
}

/** For a process, in one piece. */
export function asArgument(flag: Flag): string {
  return flag.join('=')
}
