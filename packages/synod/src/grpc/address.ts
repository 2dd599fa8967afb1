import type { Socket } from 'node:net'

/** Of the other side, as it is written in a URL. */
export function addressOf(socket: Socket): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}
