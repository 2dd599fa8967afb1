import { statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { X509Certificate } from 'node:crypto'
import type { Logger } from 'synod'
import type { Purpose } from '../certificates/certificate.ts'
import { daysLeft, soonDays } from '../certificates/reading.ts'
import { messageOf } from '../cli/exit.ts'
import { readMaterial, refusalOf, type Judge, type Material } from './material.ts'
import type { TlsSettings } from './settings.ts'

/** So often the log says that a certificate is to be renewed. */
const reminderMs = 86_400_000

/** How often the files are looked at. One check is a handful of `stat`. */
export const checkMs = 1000

/**
 * Certificate, key and authority of one port, read again when their files change. Files that cannot be used leave what was
 * read before in force: connections go on to be made while the operator reads the log.
 */
export class Credentials {
  readonly settings: TlsSettings
  private readonly log: Logger
  private readonly read: () => Material
  private material: Material
  private readonly listeners = new Set<() => void>()
  /** What the files looked like when they were read, or tried to be, and at the last check. */
  private tried: string
  private seen: string
  private toldOfEnd = Number.NEGATIVE_INFINITY

  /** Throws a `CommandError` that names flag and file. */
  constructor(settings: TlsSettings, purposes: readonly Purpose[], judge: Judge, log: Logger) {
    this.settings = settings
    this.log = log
    this.read = () => readMaterial(settings, purposes, judge)
    this.tried = this.look()
    this.seen = this.tried
    this.material = this.read()
    this.warnOfExposure()
    this.warnOfEnd()
  }

  readonly options = (): SecureContextOptions => this.material.options

  readonly context = (): SecureContext => this.material.context

  readonly refuses = (certificate: X509Certificate): string | undefined => refusalOf(certificate, this.settings)

  readonly onRenewed = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * Looks whether the files have changed. Several are exchanged one after the other: they are read when they have stayed as
   * they are from one check to the next.
   */
  check(): void {
    const now = this.look()
    if (now !== this.tried && now === this.seen) this.reload()
    this.seen = now
    this.warnOfEnd()
  }

  reload(): void {
    this.tried = this.look()
    const { certificate } = this.settings
    try {
      this.material = this.read()
    } catch (error) {
      const until = this.material.certificate.validTo
      this.log.error(`new certificates are not used, the old ones stay in force (until ${until}): ${messageOf(error)}`)
      return
    }
    const { validTo, serialNumber } = this.material.certificate
    this.log.info(`certificates are read again (${certificate.flag} ${certificate.path})`, {
      until: validTo,
      serialNumber,
    })
    this.warnOfExposure()
    this.toldOfEnd = Number.NEGATIVE_INFINITY
    this.warnOfEnd()
    for (const listener of this.listeners) listener()
  }

  /** Of all files: which they are, when they were written and changed, how long they are. */
  private look(): string {
    const { certificate, key, authority } = this.settings
    return [certificate, key, ...(authority === undefined ? [] : [authority])].map(({ path }) => lookAt(path)).join(' ')
  }

  private warnOfExposure(): void {
    const { flag, path } = this.settings.key
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats !== undefined && isOpenToAll(stats))
      this.log.warn(`${flag} ${path} can be read by everybody on this machine: chmod 600 ${path}`)
  }

  private warnOfEnd(): void {
    const now = Date.now()
    if (now - this.toldOfEnd < reminderMs) return
    const { certificate, authority } = this.settings
    const ends = [
      { file: certificate, x509: this.material.certificate },
      ...this.material.authorities.map((x509) => ({ file: authority ?? certificate, x509 })),
    ]
    for (const { file, x509 } of ends) {
      const days = daysLeft(x509, now)
      if (days >= soonDays) continue
      this.toldOfEnd = now
      const when = `${days < 0 ? 'has expired' : `expires in ${days} days`} (${x509.validTo})`
      const message = `${file.flag} ${file.path} ${when}`
      this.log.warn(`${message}: renew it, which needs no restart (docs/certificates.md)`)
    }
  }
}

/** The group of a file may be its member's alone, and in a container often is; everybody never is. */
export function isOpenToAll({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & 0o007) !== 0
}

function lookAt(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path)
    return [ino, size, mtimeMs, ctimeMs].join(':')
  } catch (error) {
    // Reading it says why.
    return messageOf(error)
  }
}
