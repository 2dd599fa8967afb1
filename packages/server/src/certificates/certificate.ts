import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject, X509Certificate } from 'node:crypto'
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { bits, boolean, implicit, integer, objectId, octets, sequence, set, tagged, time, utf8 } from './der.ts'

/** What a certificate may be shown as, and how its extended key usage says so. */
export const purposeIds = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const
export type Purpose = keyof typeof purposeIds

/** A certificate as it is wanted. */
export interface CertificateRequest {
  /** For people: who it is of. */
  readonly commonName: string
  readonly from: Date
  readonly to: Date
  /** What it may be shown as; an authority is shown by nobody. */
  readonly purposes: readonly Purpose[]
  /** Names and addresses. */
  readonly hosts: readonly string[]
  readonly uris: readonly string[]
}

/** A certificate and its key, PEM both. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

/** Whoever signs: its certificate and key. */
export interface Authority {
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

const signatureAlgorithm = sequence(objectId(oid.ecdsaWithSha256))

/** Makes an authority, which signs itself and may sign certificates, but no further authorities. */
export function createAuthority(commonName: string, from: Date, to: Date): Issued {
  const { publicKey, privateKey } = newKeys()
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const name = distinguishedName(commonName)
  const extensions = [
    extension(oid.basicConstraints, sequence(boolean(true), integer(0n)), 'critical'),
    // keyCertSign and cRLSign: bits 5 and 6
    extension(oid.keyUsage, bits(Uint8Array.of(0b0000_0110), 1), 'critical'),
    extension(oid.subjectKeyId, octets(keyId(spki))),
  ]
  return issued(privateKey, signed({ issuer: name, subject: name, from, to, spki, extensions }, privateKey))
}

/** Makes a key and a certificate for it (RFC 5280). ECDSA over P-256: what everybody takes. */
export function issue(request: CertificateRequest, authority: Authority): Issued {
  const { publicKey, privateKey } = newKeys()
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const names = [...request.hosts.map(hostName), ...request.uris.map((uri) => implicit(6, Buffer.from(uri, 'latin1')))]
  const extensions = [
    extension(oid.basicConstraints, sequence(), 'critical'),
    // digitalSignature: bit 0
    extension(oid.keyUsage, bits(Uint8Array.of(0b1000_0000), 7), 'critical'),
    extension(oid.extendedKeyUsage, sequence(...request.purposes.map((purpose) => objectId(purposeIds[purpose])))),
    extension(oid.subjectKeyId, octets(keyId(spki))),
    extension(oid.authorityKeyId, sequence(implicit(0, keyId(spkiOf(authority.certificate))))),
    ...(names.length === 0 ? [] : [extension(oid.alternativeNames, sequence(...names))]),
  ]
  const { from, to, commonName } = request
  const issuer = distinguishedName(subjectText(authority.certificate.subject))
  const subject = distinguishedName(commonName)
  return issued(privateKey, signed({ issuer, subject, from, to, spki, extensions }, authority.key))
}

/** What Node.js makes of a subject or an issuer; whatever its types say, of an empty one (RFC 5280 §4.1.2.6) it makes nothing. */
type Subject = string | undefined

/** undefined: it has none, as many have that say all in their alternative names. */
export function commonNameOf(subject: Subject): string | undefined {
  return /^CN=(.*)$/m.exec(subject ?? '')?.[1]
}

/** Who that is, for people. */
export function subjectText(subject: Subject): string {
  return commonNameOf(subject) ?? subject?.replaceAll('\n', ', ') ?? '-'
}

interface ToBeSigned {
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly from: Date
  readonly to: Date
  readonly spki: Uint8Array
  readonly extensions: readonly Uint8Array[]
}

function signed({ issuer, subject, from, to, spki, extensions }: ToBeSigned, key: KeyObject): Uint8Array {
  const body = sequence(
    tagged(0, integer(2n)), // version 3
    integer(serialNumber()),
    signatureAlgorithm,
    issuer,
    sequence(time(from), time(to)),
    subject,
    spki,
    tagged(3, sequence(...extensions)),
  )
  return sequence(body, signatureAlgorithm, bits(sign('sha256', body, key)))
}

/** Nobody can foresee it: at least 64 random bits (CA/Browser Forum, §7.1). Above 0. */
function serialNumber(): bigint {
  return (BigInt(`0x${randomBytes(16).toString('hex')}`) >> 1n) | 1n
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function issued(key: KeyObject, certificate: Uint8Array): Issued {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }),
  }
}

function distinguishedName(commonName: string): Uint8Array {
  const part = (id: string, text: string): Uint8Array => set(sequence(objectId(id), utf8(text)))
  return sequence(part(oid.organization, 'Synod'), part(oid.commonName, commonName))
}

function extension(id: string, content: Uint8Array, critical?: 'critical'): Uint8Array {
  return sequence(objectId(id), ...(critical === undefined ? [] : [boolean(true)]), octets(content))
}

function hostName(host: string): Uint8Array {
  if (isIPv4(host)) return implicit(7, Uint8Array.from(host.split('.').map(Number)))
  if (isIPv6(host)) return implicit(7, ipv6Bytes(host))
  return implicit(2, Buffer.from(host, 'latin1'))
}

function ipv6Bytes(text: string): Uint8Array {
  // Without an address of IPv4 at its end, and without what is left out at one place.
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const first = groups(head)
  const last = tail === undefined ? [] : groups(tail)
  const missing = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return Buffer.from([...first, ...missing, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** SHA-1 of the public key's bits, as it is usual (RFC 5280 §4.2.1.2): a name, and no protection. */
function keyId(spki: Uint8Array): Uint8Array {
  // The bits of a key of P-256 are the last 65 bytes of what describes it.
  return createHash('sha1').update(spki.subarray(-65)).digest()
}

function spkiOf(certificate: X509Certificate): Uint8Array {
  return certificate.publicKey.export({ type: 'spki', format: 'der' })
}
