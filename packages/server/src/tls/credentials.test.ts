import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Purpose } from '../certificates/certificate.ts'
import { CommandError } from '../cli/exit.ts'
import { silent } from '../testing/one-node.ts'
import { temporaryFolder } from '../testing/processes.ts'
import { TestAuthority, withoutSubject, writePair } from '../testing/certificates.ts'
import { Credentials } from './credentials.ts'
import { mustName, type Judge } from './material.ts'
import type { TlsSettings } from './settings.ts'

// Goal: what is wrong with a file is said with its flag and what to do, before anything is served; and files that are
// exchanged while a member runs come into force, unless they cannot be used. Method: files of each kind, on disk.

const authority = new TestAuthority()
const anything: Judge = () => undefined

interface Files {
  readonly settings: TlsSettings
  readonly directory: string
  readonly told: string[]
  readonly open: (purposes?: readonly Purpose[], judge?: Judge) => Credentials
}

function files(pair = authority.issue(), ca: string | undefined = authority.pem): Files {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  const { cert, key } = writePair(folder.path, 'a', pair)
  const caFile = join(folder.path, 'ca.crt')
  writeFileSync(caFile, ca)
  const settings: TlsSettings = {
    certificate: { flag: '--cert-file', path: cert },
    key: { flag: '--key-file', path: key },
    authority: { flag: '--trusted-ca-file', path: caFile },
    allowedNames: undefined,
    allowedHosts: undefined,
    minVersion: 'TLSv1.2',
    maxVersion: undefined,
    ciphers: undefined,
  }
  const told: string[] = []
  const tell = (level: string) => (message: string) => void told.push(`${level}: ${message}`)
  const log = { ...silent, info: tell('info'), warn: tell('warn'), error: tell('error') }
  const open = (purposes: readonly Purpose[] = ['server'], judge = anything): Credentials =>
    new Credentials(settings, purposes, judge, log)
  return { settings, directory: folder.path, told, open }
}

function failure({ open }: Files, purposes?: readonly Purpose[], judge?: Judge): string {
  try {
    open(purposes, judge)
  } catch (error) {
    if (error instanceof CommandError) return error.message
    throw error
  }
  return 'accepted'
}

describe('at the start', () => {
  test('sound files are taken without a word, but for an end that is near', () => {
    const long = files(authority.issue({ to: 40 }), new TestAuthority().pem)
    long.open()
    expect(long.told).toEqual([expect.stringMatching(/--trusted-ca-file .* expires in 9 days/)])
    const short = files()
    short.open()
    expect(short.told).toContainEqual(expect.stringMatching(/^warn: --cert-file .*a.crt expires in 4 days .*renew it/))
  })

  test('a file that is not there, or is none of its kind', () => {
    const missing = files()
    rmSync(missing.settings.key.path)
    expect(failure(missing)).toMatch(/^--key-file .*a.key cannot be read: ENOENT/)
    const empty = files()
    writeFileSync(empty.settings.certificate.path, 'nothing')
    expect(failure(empty)).toMatch(/^--cert-file .*a.crt has no certificate in PEM/)
    const noKey = files()
    writeFileSync(noKey.settings.key.path, authority.pem)
    expect(failure(noKey)).toMatch(/^--key-file .*a.key has no private key in PEM/)
    const damaged = files()
    writeFileSync(damaged.settings.certificate.path, authority.pem.replace(/M.{20}/, 'AAAA'))
    expect(failure(damaged)).toMatch(/^--cert-file .* has a certificate that cannot be read/)
    expect(failure(files(undefined, 'nothing'))).toMatch(/^--trusted-ca-file .*ca.crt has no certificate in PEM/)
  })

  test('a key with a password, which nobody could be asked for', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const locked = files()
    const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const
    writeFileSync(locked.settings.key.path, privateKey.export(options))
    expect(failure(locked)).toMatch(/^--key-file .* is encrypted/)
  })

  test('a key of another certificate', () => {
    expect(failure(files({ ...authority.issue(), key: authority.issue().key }))).toMatch(
      /^--key-file .*a.key is not the key of --cert-file .*a.crt/,
    )
  })

  test('a certificate that has expired, or is not valid yet; an authority that has', () => {
    expect(failure(files(authority.issue({ from: -3, to: -1 })))).toMatch(/^--cert-file .* has expired on .*: renew it/)
    expect(failure(files(authority.issue({ from: 1 })))).toMatch(/is not valid before .*compare the clocks/)
    const ended = new TestAuthority('ended', -1).pem
    expect(failure(files(undefined, ended))).toMatch(/^--trusted-ca-file .*ca.crt has expired on/)
    // While authorities are exchanged, an old one may stay beside the new one.
    expect(failure(files(undefined, `${ended}${authority.pem}`))).toBe('accepted')
  })

  test('a certificate for members that is of another authority than theirs', () => {
    const other = new TestAuthority().pem
    expect(failure(files(undefined, other), ['server', 'client'])).toMatch(
      /^--cert-file .* is not of an authority in --trusted-ca-file .*: the other members/,
    )
    expect(failure(files(undefined, `${other}${authority.pem}`), ['server', 'client'])).toBe('accepted')
  })

  test('a certificate that is made for something else, or names another host', () => {
    expect(failure(files(authority.issue({ purposes: ['client'] })))).toMatch(/is not made for servers/)
    expect(failure(files(authority.issue({ purposes: ['server'] })), ['server', 'client'])).toMatch(
      /not made for clients/,
    )
    const judge = mustName([{ host: 'kv.prod.example', flag: '--advertise-client-urls' }])
    expect(failure(files(), ['server'], judge)).toMatch(
      /^--cert-file .* does not name kv.prod.example \(--advertise-client-urls\).*: the names in it are 127.0.0.1$/,
    )
    expect(failure(files(authority.issue({ hosts: ['*.prod.example'] })), ['server'], judge)).toBe('accepted')
  })

  test('an authority that is none', () => {
    expect(failure(files(undefined, authority.issue({ name: 'leaf' }).certificate))).toMatch(
      /^--trusted-ca-file .* has the certificate of leaf, which is no authority's/,
    )
  })

  test('a key that everybody can read is warned of', () => {
    const open = files()
    chmodSync(open.settings.key.path, 0o644)
    open.open()
    expect(open.told).toContainEqual(expect.stringMatching(/^warn: --key-file .* can be read by everybody.*chmod 600/))
  })
})

describe('while a member runs', () => {
  function serial(credentials: Credentials): string {
    return String(credentials.options().cert).slice(0, 200)
  }

  test('files that were exchanged are read when all of them have settled', () => {
    const one = files()
    const credentials = one.open()
    let renewals = 0
    const forget = credentials.onRenewed(() => renewals++)
    const before = serial(credentials)
    credentials.check()
    credentials.check()
    expect([serial(credentials), renewals]).toEqual([before, 0])

    const next = authority.issue({ name: 'next' })
    // Seen between the two, they do not belong together.
    writeFileSync(one.settings.key.path, next.key)
    credentials.check()
    writeFileSync(one.settings.certificate.path, next.certificate)
    credentials.check()
    expect(renewals).toBe(0)
    credentials.check()
    expect(renewals).toBe(1)
    expect(credentials.options().cert).toBe(next.certificate)
    expect(one.told.some((line) => line.startsWith('error'))).toBe(false)
    forget()
    credentials.reload()
    expect(renewals).toBe(1)
  })

  test('files that cannot be used leave the old ones in force, are complained of once, and may be mended', () => {
    const one = files()
    const credentials = one.open()
    const before = credentials.context()
    const errors = (): string[] => one.told.filter((line) => line.startsWith('error'))
    const expired = authority.issue({ from: -3, to: -1 })
    writePair(one.directory, 'a', expired)
    for (let i = 0; i < 5; i++) credentials.check()
    expect(credentials.context()).toBe(before)
    expect(errors()).toEqual([expect.stringMatching(/the old ones stay in force.*--cert-file .* has expired/)])
    rmSync(one.settings.key.path)
    for (let i = 0; i < 5; i++) credentials.check()
    expect(errors()).toHaveLength(2)
    expect(credentials.context()).toBe(before)
    writePair(one.directory, 'a', authority.issue())
    for (let i = 0; i < 2; i++) credentials.check()
    expect(credentials.context()).not.toBe(before)
    expect(errors()).toHaveLength(2)
  })

  test('a file that was put in another’s place by its name is seen, though it is as long and as old', () => {
    const one = files()
    const credentials = one.open()
    const other = writePair(one.directory, 'b', authority.issue())
    renameSync(other.key, one.settings.key.path)
    renameSync(other.cert, one.settings.certificate.path)
    for (let i = 0; i < 2; i++) credentials.check()
    expect(one.told).toContainEqual(expect.stringContaining('info: certificates are read again'))
  })

  test('a new certificate has to say what the first one had to', () => {
    const one = files()
    const credentials = one.open(['server'], mustName([{ host: '127.0.0.1', flag: '--listen-client-urls' }]))
    writePair(one.directory, 'a', authority.issue({ hosts: ['10.0.0.1'] }))
    for (let i = 0; i < 2; i++) credentials.check()
    expect(one.told).toContainEqual(expect.stringMatching(/^error: .*does not name 127.0.0.1/))
  })

  test('limits on names hold beside the authority', () => {
    const { settings } = files()
    const limited = (limits: Partial<TlsSettings>, name: string): string | undefined => {
      const credentials = new Credentials({ ...settings, ...limits }, ['server'], anything, silent)
      const { x509 } = authority.parsed({ name, hosts: [`${name}.example`] })
      return credentials.refuses(x509)
    }
    expect(limited({}, 'other')).toBeUndefined()
    expect(limited({ allowedNames: ['app', 'cron'] }, 'app')).toBeUndefined()
    expect(limited({ allowedNames: ['app', 'cron'] }, 'other')).toContain('"other", and not app or cron')
    expect(limited({ allowedHosts: ['app.example'] }, 'app')).toBeUndefined()
    expect(limited({ allowedHosts: ['app.example'] }, 'other')).toContain('does not name app.example')
  })

  test('a certificate with an empty subject is one like any other', () => {
    const { settings } = files()
    const nameless = new X509Certificate(withoutSubject)
    const refusal = (limits: Partial<TlsSettings>): string | undefined =>
      new Credentials({ ...settings, ...limits }, ['server'], anything, silent).refuses(nameless)
    expect(refusal({})).toBeUndefined()
    expect(refusal({ allowedNames: [''] })).toBe('its certificate has no common name')
    expect(refusal({ allowedHosts: ['app.example'] })).toContain('does not name app.example')
  })
})
