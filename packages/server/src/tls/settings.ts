import { UsageError } from '../cli/exit.ts'
import { isYes, type Setting } from '../cli/options.ts'
import { cipherList } from './cipher-suites.ts'

/** A file, and the flag that names it. */
export interface NamedFile {
  readonly flag: string
  readonly path: string
}

/** What certificates are taken from, and which of the other side's are taken. */
export interface TlsSettings {
  readonly certificate: NamedFile
  readonly key: NamedFile
  /** Of the other side; undefined: it shows none. */
  readonly authority: NamedFile | undefined
  /** Of the names in it, one has to be among these; undefined: everybody whom the authority knows. */
  readonly allowedNames: readonly string[] | undefined
  readonly allowedHosts: readonly string[] | undefined
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion | undefined
  /** As OpenSSL has it. */
  readonly ciphers: string | undefined
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

const versions: Readonly<Record<string, TlsVersion>> = { 'TLS1.2': 'TLSv1.2', 'TLS1.3': 'TLSv1.3' }

/** etcd's flags. */
export const tlsSettings: readonly Setting[] = [
  {
    flag: '--cert-file',
    argument: 'file',
    description:
      'certificate that clients are shown, PEM: for https:// in --listen-client-urls and --listen-metrics-urls',
  },
  { flag: '--key-file', argument: 'file', description: 'the key of that certificate' },
  { flag: '--client-cert-auth', description: 'turn away clients without a certificate of --trusted-ca-file' },
  {
    flag: '--trusted-ca-file',
    argument: 'file',
    description: 'the authorities of clients’ certificates, PEM; that alone requires certificates, too',
  },
  {
    flag: '--client-cert-allowed-hostname',
    argument: 'names',
    description: 'of these, only such as name one of these hosts',
  },
  {
    flag: '--client-cert-allowed-cn',
    argument: 'names',
    description: 'of these, only such whose common name is one of these',
  },
  {
    flag: '--peer-cert-file',
    argument: 'file',
    description: 'certificate that other members are shown, with this one’s name in it',
  },
  { flag: '--peer-key-file', argument: 'file', description: 'the key of that certificate' },
  { flag: '--peer-trusted-ca-file', argument: 'file', description: 'the authorities of members’ certificates, PEM' },
  { flag: '--peer-client-cert-auth', description: 'as in etcd; between members, both sides always show certificates' },
  {
    flag: '--peer-cert-allowed-hostname',
    argument: 'names',
    description: 'of members, only such as name one of these hosts',
  },
  {
    flag: '--peer-cert-allowed-cn',
    argument: 'names',
    description: 'of members, only such whose common name is one of these',
  },
  {
    flag: '--tls-min-version',
    argument: 'version',
    fallback: 'TLS1.2',
    choices: Object.keys(versions),
    description: 'nothing older is spoken',
  },
  {
    flag: '--tls-max-version',
    argument: 'version',
    choices: Object.keys(versions),
    description: 'nothing newer is spoken',
  },
  {
    flag: '--cipher-suites',
    argument: 'names',
    description: 'only these, separated by commas, such as TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  },
  ...['--auto-tls', '--peer-auto-tls'].map((flag) => ({
    flag,
    hidden: true,
    description: 'not here: nobody could tell such a certificate from an attacker’s',
  })),
  ...['--client-crl-file', '--peer-crl-file'].map((flag) => ({
    flag,
    argument: 'file',
    hidden: true,
    description: 'not here: replace the authority instead',
  })),
]

/** What commander makes of them. */
export interface TlsOptions {
  readonly certFile?: string
  readonly keyFile?: string
  readonly clientCertAuth?: boolean | string
  readonly trustedCaFile?: string
  readonly clientCertAllowedHostname?: string
  readonly clientCertAllowedCn?: string
  readonly peerCertFile?: string
  readonly peerKeyFile?: string
  readonly peerTrustedCaFile?: string
  readonly peerClientCertAuth?: boolean | string
  readonly peerCertAllowedHostname?: string
  readonly peerCertAllowedCn?: string
  readonly tlsMinVersion?: string
  readonly tlsMaxVersion?: string
  readonly cipherSuites?: string
  readonly autoTls?: boolean | string
  readonly peerAutoTls?: boolean | string
  readonly clientCrlFile?: string
  readonly peerCrlFile?: string
}

/** For clients; undefined: no certificate is given. Throws a `UsageError` that names the flag. */
export function clientTls(options: TlsOptions): TlsSettings | undefined {
  refuseUnsupported(options)
  const { certFile, keyFile, clientCertAuth, trustedCaFile, clientCertAllowedCn, clientCertAllowedHostname } = options
  const pair = bothOrNone(['--cert-file', certFile], ['--key-file', keyFile])
  if (isYes(clientCertAuth) && trustedCaFile === undefined)
    throw new UsageError('--client-cert-auth needs --trusted-ca-file: whose certificates clients have to show')
  const limits = {
    '--client-cert-allowed-cn': clientCertAllowedCn,
    '--client-cert-allowed-hostname': clientCertAllowedHostname,
  }
  if (pair === undefined)
    return without('--cert-file and --key-file', { '--trusted-ca-file': trustedCaFile, ...limits })
  if (trustedCaFile === undefined) without('--trusted-ca-file', limits)
  return {
    ...pair,
    authority: trustedCaFile === undefined ? undefined : named('--trusted-ca-file', trustedCaFile),
    ...allowed(limits, clientCertAllowedCn, clientCertAllowedHostname),
    ...protocol(options),
  }
}

/** For members; undefined: no certificate is given. Throws a `UsageError` that names the flag. */
export function peerTls(options: TlsOptions): TlsSettings | undefined {
  const { peerCertFile, peerKeyFile, peerTrustedCaFile, peerCertAllowedCn, peerCertAllowedHostname } = options
  const pair = bothOrNone(['--peer-cert-file', peerCertFile], ['--peer-key-file', peerKeyFile])
  const limits = {
    '--peer-cert-allowed-cn': peerCertAllowedCn,
    '--peer-cert-allowed-hostname': peerCertAllowedHostname,
  }
  if (pair === undefined) {
    const auth = isYes(options.peerClientCertAuth) ? 'true' : undefined
    const others = { '--peer-trusted-ca-file': peerTrustedCaFile, '--peer-client-cert-auth': auth, ...limits }
    return without('--peer-cert-file and --peer-key-file', others)
  }
  if (peerTrustedCaFile === undefined) {
    throw new UsageError(
      '--peer-cert-file needs --peer-trusted-ca-file: between members, both sides always show certificates, and this one has to know whose',
    )
  }
  return {
    ...pair,
    authority: named('--peer-trusted-ca-file', peerTrustedCaFile),
    ...allowed(limits, peerCertAllowedCn, peerCertAllowedHostname),
    ...protocol(options),
  }
}

type Flags = Readonly<Record<string, string | undefined>>

function refuseUnsupported({ autoTls, peerAutoTls, clientCrlFile, peerCrlFile }: TlsOptions): void {
  for (const [flag, given] of [
    ['--auto-tls', autoTls],
    ['--peer-auto-tls', peerAutoTls],
  ] as const) {
    if (!isYes(given)) continue
    throw new UsageError(
      `${flag}: certificates that sign themselves are not made here: nobody could tell them from an attacker’s. ` +
        '`synod certificates create` makes an authority and certificates in one step',
    )
  }
  for (const [flag, given] of [
    ['--client-crl-file', clientCrlFile],
    ['--peer-crl-file', peerCrlFile],
  ] as const) {
    if (given === undefined) continue
    throw new UsageError(
      `${flag}: lists of revoked certificates are not read here: replace the authority (docs/certificates.md), which needs no restart`,
    )
  }
}

type Given = readonly [flag: string, path: string | undefined]

function bothOrNone(
  [certificateFlag, certificate]: Given,
  [keyFlag, key]: Given,
): Pick<TlsSettings, 'certificate' | 'key'> | undefined {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined) throw new UsageError(`${keyFlag} is given without ${certificateFlag}: both are needed`)
  if (key === undefined) throw new UsageError(`${certificateFlag} is given without ${keyFlag}: both are needed`)
  return { certificate: named(certificateFlag, certificate), key: named(keyFlag, key) }
}

function named(flag: string, path: string): NamedFile {
  if (path === '') throw new UsageError(`${flag} is empty: expected a file`)
  return { flag, path }
}

/** Nobody who asks for protection gets none of it. */
function without(missing: string, flags: Flags): undefined {
  const [given] = Object.entries(flags).find(([, value]) => value !== undefined) ?? []
  if (given !== undefined) throw new UsageError(`${given} is given without ${missing}, and would protect nothing`)
  return undefined
}

function allowed(
  flags: Flags,
  names: string | undefined,
  hosts: string | undefined,
): Pick<TlsSettings, 'allowedNames' | 'allowedHosts'> {
  if (names !== undefined && hosts !== undefined)
    throw new UsageError(`${Object.keys(flags).join(' and ')} are both given: one of them may be`)
  return { allowedNames: list(names), allowedHosts: list(hosts) }
}

function list(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').map((one) => one.trim())
}

function protocol(options: TlsOptions): Pick<TlsSettings, 'minVersion' | 'maxVersion' | 'ciphers'> {
  const minVersion = versions[options.tlsMinVersion ?? ''] ?? 'TLSv1.2'
  const maxVersion = versions[options.tlsMaxVersion ?? '']
  if (maxVersion !== undefined && maxVersion < minVersion)
    throw new UsageError(
      `--tls-max-version ${options.tlsMaxVersion} is older than --tls-min-version ${options.tlsMinVersion}`,
    )
  const { cipherSuites } = options
  return {
    minVersion,
    maxVersion,
    ciphers: cipherSuites === undefined ? undefined : cipherList(cipherSuites, minVersion, maxVersion),
  }
}
