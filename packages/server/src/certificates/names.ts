import type { X509Certificate } from 'node:crypto'
import { isIPv6, SocketAddress } from 'node:net'
import { memberNamesIn } from 'synod/runtime'

/** Names and addresses that a certificate is good for. */
export function hostsIn(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? ''
  return Array.from(text.matchAll(/(?:^|, )(?:DNS|IP Address):([^,"]+)/g), ([, host = '']) =>
    isIPv6(host) ? new SocketAddress({ address: host, family: 'ipv6' }).address : host.toLowerCase(),
  )
}

/** Everything that a certificate says of its owner besides its subject, for people. */
export function namesIn(certificate: X509Certificate): string[] {
  return [...memberNamesIn(certificate).map((name) => `member ${name}`), ...hostsIn(certificate)]
}
