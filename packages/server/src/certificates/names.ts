import type { X509Certificate } from 'node:crypto'
import { isIPv6, SocketAddress } from 'node:net'
import { alternativeNames, memberNamesIn } from 'synod/runtime'

/** Names and addresses that a certificate is good for. */
export function hostsIn(certificate: X509Certificate): string[] {
  return alternativeNames(certificate).flatMap((entry) => {
    const [, host] = /^(?:DNS|IP Address):([^"]+)$/.exec(entry) ?? []
    if (host === undefined) return []
    return isIPv6(host) ? new SocketAddress({ address: host, family: 'ipv6' }).address : host.toLowerCase()
  })
}

/** Everything that a certificate says of its owner besides its subject, for people. */
export function namesIn(certificate: X509Certificate): string[] {
  return [...memberNamesIn(certificate).map((name) => `member ${name}`), ...hostsIn(certificate)]
}
