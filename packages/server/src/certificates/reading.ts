import { X509Certificate } from 'node:crypto'
import { purposeIds, type Purpose } from './certificate.ts'

const dayMs = 86_400_000

/** From so many days before its end on, a certificate is warned of. */
export const soonDays = 30

/** All that are in a text of PEM, in its order. Throws when one of them cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

/** Whole days until its end; below 0: it has expired. */
export function daysLeft(certificate: X509Certificate, now: number): number {
  return Math.floor((certificate.validToDate.getTime() - now) / dayMs)
}

/** What it may be shown as; undefined: it does not say, and is good for anything. */
export function purposesOf(certificate: X509Certificate): readonly Purpose[] | undefined {
  // Node.js has none for a certificate without the extension, whatever its types say.
  const ids: readonly string[] | undefined = certificate.keyUsage
  if (ids === undefined) return undefined
  return (['server', 'client'] as const).filter((purpose) => ids.includes(purposeIds[purpose]))
}
