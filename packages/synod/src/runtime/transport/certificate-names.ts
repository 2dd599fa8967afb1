import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/**
 * A member's name stands in its certificate as a URI of its own, and not among the names of hosts: a member `a` on a host
 * `b` could else speak as the member `b`.
 */
const scheme = 'synod:member:'

export function memberUri(name: string): string {
  return `${scheme}${encodeURIComponent(name).replaceAll("'", '%27')}`
}

/** Which members a certificate is of: several while one is renamed. */
export function memberNamesIn(certificate: X509Certificate): string[] {
  return alternativeNames(certificate).flatMap((entry) => {
    const uri = entry.startsWith(`URI:${scheme}`) ? entry.slice(`URI:${scheme}`.length) : undefined
    return uri === undefined ? [] : (decoded(uri) ?? [])
  })
}

/** `DNS:a.example`, `IP Address:10.0.0.1`, `URI:…`. What has special characters is quoted by Node.js, and never a name of ours. */
export function alternativeNames(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? ''
  return Array.from(text.matchAll(/(?:^|, )((?:[^",]|"(?:[^"\\]|\\.)*")+)/g), ([, entry = '']) => entry)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    // Not made by `memberUri`: it is nobody's name.
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** The subject's common name does not count: nobody looks at it for hosts any more (RFC 9110 §4.3.4). */
export function namesHost(certificate: X509Certificate, host: string): boolean {
  const found =
    isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(withoutZone(host))
  return found !== undefined
}

/** `fe80::1%eth0`: the zone means something on one machine alone, and stands in no certificate (RFC 4007 §6). */
export function withoutZone(host: string): string {
  return host.replace(/%.*$/, '')
}
