import { createPrivateKey } from 'node:crypto'
import type { KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { namesHost } from 'synod/runtime'
import { CommandError, messageOf } from '../cli/exit.ts'
import { commonNameOf, subjectText, type Purpose } from '../certificates/certificate.ts'
import { namesIn } from '../certificates/names.ts'
import { certificatesIn, purposesOf } from '../certificates/reading.ts'
import type { NamedFile, TlsSettings } from './settings.ts'

/** What was read from the files, and found to be sound. */
export interface Material {
  /** The first one of its file; the others lead to the authority. */
  readonly certificate: X509Certificate
  readonly authorities: readonly X509Certificate[]
  readonly options: SecureContextOptions
  readonly context: SecureContext
}

/** What has to be in a certificate beside its being valid: why it is not the one that is needed. */
export type Judge = (certificate: X509Certificate) => string | undefined

/** `purposes`: what the certificate has to be good for. Throws a `CommandError` that names flag and file. */
export function readMaterial(settings: TlsSettings, purposes: readonly Purpose[], judge: Judge): Material {
  const { certificate: file, key: keyFile, authority: authorityFile, minVersion, maxVersion, ciphers } = settings
  const cert = readPem(file)
  const chain = certificatesOf(file, cert)
  const [certificate] = chain
  const key = readPem(keyFile)
  if (!certificate.checkPrivateKey(keyIn(key, keyFile)))
    throw new CommandError(
      `${keyFile.flag} ${keyFile.path} is not the key of ${file.flag} ${file.path}: both were made together`,
    )
  refuseInvalid(file, certificate)
  const missing = purposes.find((purpose) => purposesOf(certificate)?.includes(purpose) === false)
  if (missing !== undefined)
    throw wrong(file, `is not made for ${missing}s (extended key usage ${missing}Auth): see docs/certificates.md`)
  const objection = judge(certificate)
  if (objection !== undefined) throw wrong(file, objection)
  const ca = authorityFile === undefined ? undefined : readPem(authorityFile)
  const authorities = authorityFile === undefined || ca === undefined ? [] : readAuthorities(ca, authorityFile)
  const last = chain.at(-1) ?? certificate
  // Who shows it on both sides shows it to such as trust the same authority.
  const bothSides = purposes.includes('server') && purposes.includes('client')
  if (bothSides && authorityFile !== undefined && !authorities.some((one) => isOf(last, one))) {
    const authority = `${authorityFile.flag} ${authorityFile.path}`
    throw wrong(
      file,
      `is not of an authority in ${authority}: the other members, which trust the same, would refuse it`,
    )
  }
  const options = {
    cert,
    key,
    minVersion,
    ...(ca === undefined ? {} : { ca }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers }),
  }
  try {
    return { certificate, authorities, options, context: createSecureContext(options) }
  } catch (error) {
    throw wrong(file, `cannot be used: ${messageOf(error)}`)
  }
}

/** By signature and name; an authority itself may end the chain. */
function isOf(certificate: X509Certificate, authority: X509Certificate): boolean {
  if (certificate.fingerprint256 === authority.fingerprint256) return true
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function readAuthorities(text: string, file: NamedFile): X509Certificate[] {
  const all = certificatesOf(file, text)
  const valid = all.filter((one) => new Date(one.validTo) > new Date())
  // While authorities are exchanged, an old one may stay until its end.
  if (valid.length === 0) refuseInvalid(file, all[0])
  const stranger = all.find((one) => !one.ca)
  if (stranger !== undefined)
    throw wrong(file, `has the certificate of ${subjectText(stranger.subject)}, which is no authority's`)
  return all
}

function refuseInvalid(file: NamedFile, certificate: X509Certificate): void {
  const now = new Date()
  if (new Date(certificate.validTo) <= now)
    throw wrong(file, `has expired on ${certificate.validTo}: renew it (synod certificates create --renew)`)
  if (new Date(certificate.validFrom) > now)
    throw wrong(
      file,
      `is not valid before ${certificate.validFrom}, and here it is ${now.toUTCString()}: compare the clocks`,
    )
}

function readPem(file: NamedFile): string {
  try {
    return readFileSync(file.path, 'utf8')
  } catch (error) {
    throw wrong(file, `cannot be read: ${messageOf(error)}`)
  }
}

function certificatesOf(file: NamedFile, text: string): [X509Certificate, ...X509Certificate[]] {
  let all: X509Certificate[]
  try {
    all = certificatesIn(text)
  } catch (error) {
    throw wrong(file, `has a certificate that cannot be read: ${messageOf(error)}`)
  }
  const [first, ...others] = all
  if (first === undefined) throw wrong(file, 'has no certificate in PEM')
  return [first, ...others]
}

function keyIn(text: string, file: NamedFile): KeyObject {
  if (/ENCRYPTED/.test(text))
    throw wrong(file, 'is encrypted, and nobody can be asked for its password: store it as it is, with mode 0600')
  try {
    return createPrivateKey(text)
  } catch {
    // What OpenSSL says of it (DECODER routines::unsupported) helps nobody, and may cite it.
    throw wrong(file, 'has no private key in PEM')
  }
}

function wrong({ flag, path }: NamedFile, what: string): CommandError {
  return new CommandError(`${flag} ${path} ${what}`)
}

/** Why a certificate of the authority is refused all the same. */
export function refusalOf(
  certificate: X509Certificate,
  { allowedNames, allowedHosts }: TlsSettings,
): string | undefined {
  const name = commonNameOf(certificate.subject)
  if (allowedNames !== undefined && (name === undefined || !allowedNames.includes(name))) {
    if (name === undefined) return 'its certificate has no common name'
    return `the common name of its certificate is ${JSON.stringify(name)}, and not ${allowedNames.join(' or ')}`
  }
  if (allowedHosts !== undefined && !allowedHosts.some((host) => namesHost(certificate, host)))
    return `its certificate does not name ${allowedHosts.join(' or ')}`
  return undefined
}

/** That it names the hosts under which others are told to come. */
export function mustName(hosts: readonly { readonly host: string; readonly flag: string }[]): Judge {
  return (certificate) => {
    const missing = hosts.find(({ host }) => !namesHost(certificate, host))
    if (missing === undefined) return undefined
    const names = namesIn(certificate).join(', ') || 'none'
    return `does not name ${missing.host} (${missing.flag}), and whoever connects there would refuse it: the names in it are ${names}`
  }
}
