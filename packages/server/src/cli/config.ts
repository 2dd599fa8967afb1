import { contactLengthMax, writeContact } from 'synod/member'
import { isLoopback, isWildcard, parseAddress, parseAddresses } from './addresses.ts'
import type { Address } from './addresses.ts'
import { UsageError } from './exit.ts'
import { defaultEngine, identify } from './identity.ts'
import type { ClusterIdentity, Engine, FirstMember } from './identity.ts'
import { metricsAddresses } from './metrics-addresses.ts'
import { isYes, whole } from './options.ts'
import type { Setting } from './options.ts'
import { clientTls, peerTls, tlsSettings } from '../tls/settings.ts'
import type { TlsOptions, TlsSettings } from '../tls/settings.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
/** In milliseconds. */
const slowRequest = 100
const slowSync = 50

/** The settings of `synod start`, under etcd's names wherever the meaning is etcd's. */
export const startSettings: readonly Setting[] = [
  {
    flag: '--name',
    argument: 'name',
    fallback: 'default',
    description: 'this member, as it is called in --initial-cluster',
  },
  { flag: '--data-dir', argument: 'directory', description: 'where it keeps its data (default: ./synod-data/<name>)' },
  {
    flag: '--listen-client-urls',
    argument: 'urls',
    fallback: 'http://127.0.0.1:2379',
    description: 'where clients connect to',
  },
  {
    flag: '--listen-metrics-urls',
    argument: 'urls',
    description: 'where /metrics and the pages of health can be had too, and nothing else (default: nowhere else)',
  },
  {
    flag: '--advertise-client-urls',
    argument: 'urls',
    description: 'what clients are told (default: where it listens)',
  },
  {
    flag: '--listen-peer-urls',
    argument: 'url',
    description: 'where the other members connect to (default: what is advertised to them)',
  },
  {
    flag: '--initial-advertise-peer-urls',
    argument: 'url',
    description: 'what the other members are told (default: from --initial-cluster, or http://127.0.0.1:2380)',
  },
  {
    flag: '--initial-cluster',
    argument: 'list',
    description: 'all first members, equal on each: a=https://host:2380,b=… (default: this one alone)',
  },
  {
    flag: '--initial-cluster-token',
    argument: 'text',
    fallback: 'synod-cluster',
    description: 'another one for each cluster: it keeps members of different clusters apart',
  },
  {
    flag: '--initial-cluster-state',
    argument: 'state',
    fallback: 'new',
    choices: ['new', 'existing'],
    description: 'existing: this member was added to a cluster that runs; its directory, or the others, say who it is',
  },
  {
    flag: '--engine',
    argument: 'name',
    fallback: defaultEngine,
    choices: ['raft', 'multi-paxos'],
    description: 'the protocol that orders the writes, the same on all members; a directory remembers its own',
  },
  {
    flag: '--max-learners',
    argument: 'count',
    fallback: 1,
    parse: whole(0, 100),
    description: 'so many learners may wait to be promoted; a voter that joins is none of them',
  },
  {
    flag: '--strict-add',
    description: 'etcd’s clients hear that a voter was added when it votes, not when it begins to join',
  },
  {
    flag: '--heartbeat-interval',
    argument: 'ms',
    fallback: 100,
    parse: whole(1, 10_000),
    description: 'how often a leader says that it is there',
  },
  {
    flag: '--election-timeout',
    argument: 'ms',
    fallback: 1000,
    parse: whole(10, 50_000),
    description: 'silence of the leader after which others stand for election; at least 5 heartbeats',
  },
  {
    flag: '--quota-backend-bytes',
    argument: 'bytes',
    fallback: 2 * gibibyte,
    parse: whole(0, 1024 * gibibyte),
    description:
      'beyond so much data, all revisions counted, writes are refused until a compaction makes room; 0 is the default',
  },
  {
    flag: '--snapshot-count',
    argument: 'entries',
    fallback: 100_000,
    parse: whole(1, 1_000_000_000),
    description: 'a snapshot is taken, and the journal cut, after so many log entries',
  },
  {
    flag: '--max-request-bytes',
    argument: 'bytes',
    fallback: 1.5 * mebibyte,
    parse: whole(1024, 8 * mebibyte),
    description: 'a larger request is refused',
  },
  ...tlsSettings,
  {
    flag: '--slow-request-threshold',
    argument: 'ms',
    fallback: slowRequest,
    parse: whole(0, 3_600_000),
    description:
      'a write or read that takes longer is logged, with where the time went, once a second at most; 0: never',
  },
  {
    flag: '--slow-sync-threshold',
    argument: 'ms',
    fallback: slowSync,
    parse: whole(0, 3_600_000),
    description: 'a sync of the journal that takes longer is logged, once a second at most; 0: never',
  },
  {
    flag: '--insecure-peers',
    description: 'let peers connect from other machines without TLS: whoever reaches the peer port owns the cluster',
  },
  {
    flag: '--log-level',
    argument: 'level',
    fallback: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    description: 'what is logged',
  },
  {
    flag: '--log-format',
    argument: 'format',
    fallback: 'auto',
    choices: ['auto', 'text', 'json'],
    description: 'auto: text on a terminal, JSON elsewhere',
  },
  {
    flag: '--config-file',
    argument: 'file',
    description: 'settings in YAML or JSON, by the names of these flags without dashes; flags and environment win',
  },
]

/** Of these, what may be equal on all members of a cluster on one machine. */
export const sharedSettings: readonly Setting[] = startSettings.filter(({ flag }) =>
  [
    '--engine',
    '--heartbeat-interval',
    '--election-timeout',
    '--quota-backend-bytes',
    '--snapshot-count',
    '--max-learners',
    '--max-request-bytes',
    '--slow-request-threshold',
    '--slow-sync-threshold',
    '--log-level',
  ].includes(flag),
)

/** What commander makes of them. */
export interface StartOptions extends TlsOptions {
  readonly name: string
  readonly dataDir?: string
  readonly listenClientUrls: string
  readonly listenMetricsUrls?: string
  readonly advertiseClientUrls?: string
  readonly listenPeerUrls?: string
  readonly initialAdvertisePeerUrls?: string
  readonly initialCluster?: string
  readonly initialClusterToken: string
  readonly initialClusterState: 'new' | 'existing'
  readonly engine: Engine
  readonly maxLearners?: number
  readonly strictAdd?: boolean | string
  readonly heartbeatInterval: number
  readonly electionTimeout: number
  readonly quotaBackendBytes: number
  readonly snapshotCount: number
  readonly maxRequestBytes: number
  readonly slowRequestThreshold?: number
  readonly slowSyncThreshold?: number
  readonly insecurePeers?: boolean | string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly logFormat: 'auto' | 'text' | 'json'
  readonly configFile?: string
  /** Settings of etcd that have no effect here, in words. */
  readonly ignored?: readonly string[]
}

/** One member's settings, checked: what a server is started from. */
export interface ServerConfig {
  readonly name: string
  readonly directory: string
  readonly clientAddresses: readonly Address[]
  /** Where nothing but the state of this member is told. */
  readonly metricsAddresses: readonly Address[]
  /** What clients are told, if it is not where this member turns out to listen. */
  readonly advertisedClientUrls: readonly string[] | undefined
  readonly peerAddress: Address
  /** What is spoken behind https:// URLs; undefined where there are none. */
  readonly tls: { readonly clients: TlsSettings | undefined; readonly peers: TlsSettings | undefined }
  readonly cluster: ClusterIdentity
  readonly self: FirstMember
  readonly state: 'new' | 'existing'
  readonly engine: Engine
  readonly maxLearners: number
  readonly strictAdd: boolean
  readonly heartbeatInterval: number
  readonly electionTimeout: number
  readonly quotaBytes: number
  readonly snapshotEntries: number
  readonly maxRequestBytes: number
  /** In milliseconds; 0 turns the logging of what is slower off. */
  readonly slowRequestThreshold: number
  readonly slowSyncThreshold: number
  /** What an operator must be reminded of at every start. */
  readonly warnings: readonly string[]
}

export const noDirectory = '--data-dir is empty: expected a directory'

/** Checks everything that can be checked before anything is opened. Throws a `UsageError` that names the flag. */
export function resolveConfig(options: StartOptions): ServerConfig {
  const { name, electionTimeout, heartbeatInterval } = options
  if (options.dataDir === '') throw new UsageError(noDirectory)
  checkName(name, '--name')
  if (electionTimeout < 5 * heartbeatInterval) {
    throw new UsageError(
      `--election-timeout ${electionTimeout} must be at least 5 times --heartbeat-interval ${heartbeatInterval}: ` +
        `otherwise a single late heartbeat costs the leader its office`,
    )
  }
  const warnings: string[] = [...(options.ignored ?? [])]
  const tls = { clients: clientTls(options), peers: peerTls(options) }
  const { clientAddresses, advertisedClientUrls } = resolveClients(options, warnings)
  const { peerAddress, cluster, self } = resolvePeers(options, tls.peers, warnings)
  mustFitContact(name, self.peerUrl, advertisedClientUrls ?? clientAddresses.map(({ url }) => url))
  const taken = clientAddresses.find(({ port }) => port !== 0 && port === peerAddress.port)
  if (taken !== undefined) {
    throw new UsageError(
      `--listen-client-urls and --listen-peer-urls are both on port ${taken.port}: give each its own`,
    )
  }
  const others = [...clientAddresses, peerAddress]
  const metricsTold = metricsAddresses(options.listenMetricsUrls, tls.clients !== undefined, others, warnings)
  mustBeUsed(tls.clients, [...clientAddresses, ...metricsTold], '--listen-client-urls')
  return {
    name,
    directory: options.dataDir ?? `synod-data/${name}`,
    clientAddresses,
    metricsAddresses: metricsTold,
    advertisedClientUrls,
    peerAddress,
    tls,
    cluster,
    self,
    state: options.initialClusterState,
    engine: options.engine,
    maxLearners: options.maxLearners ?? 1,
    strictAdd: isYes(options.strictAdd),
    heartbeatInterval,
    electionTimeout,
    quotaBytes: options.quotaBackendBytes === 0 ? 2 * gibibyte : options.quotaBackendBytes,
    snapshotEntries: options.snapshotCount,
    maxRequestBytes: options.maxRequestBytes,
    slowRequestThreshold: options.slowRequestThreshold ?? slowRequest,
    slowSyncThreshold: options.slowSyncThreshold ?? slowSync,
    warnings,
  }
}

/** What a member may be called: its name stands in `--initial-cluster`, and is the name of a directory. */
export function checkName(name: string, flag: string): void {
  if (/^[^\s=,/\\]{1,64}$/.test(name) && !name.startsWith('.')) return
  throw new UsageError(
    `${flag}: ${JSON.stringify(name)}: expected 1 to 64 characters without spaces, =, commas and slashes, and no dot before them`,
  )
}

/** Where the other members connect to. */
export function checkReachable(address: Address, flag: string): void {
  if (address.port !== 0 && !isWildcard(address)) return
  throw new UsageError(`${flag}: ${address.url}: an address and port that the other members can connect to is needed`)
}

/** What the cluster is told of this member, beside the id of its disk. */
function mustFitContact(name: string, peerUrl: string, clientUrls: readonly string[]): void {
  const { length } = writeContact({ name, peerUrls: [peerUrl], clientUrls, disk: '0'.repeat(64) })
  if (length <= contactLengthMax) return
  throw new UsageError(
    `--advertise-client-urls: what the cluster is told of this member would have ${length} characters, and may have ` +
      `${contactLengthMax}: name fewer or shorter URLs`,
  )
}

function resolveClients(
  options: StartOptions,
  warnings: string[],
): Pick<ServerConfig, 'clientAddresses' | 'advertisedClientUrls'> {
  const clientAddresses = parseAddresses(options.listenClientUrls, '--listen-client-urls')
  for (const address of clientAddresses) {
    if (address.secure || isLoopback(address)) continue
    if (!address.explicit) {
      throw new UsageError(
        `--listen-client-urls: ${address.host}:${address.port} can be reached from other machines: write ` +
          `${address.url.replace('http:', 'https:')}, with --cert-file and --key-file, or ${address.url} if plaintext is what you want`,
      )
    }
    warnings.push(`clients connect to ${address.url} in plaintext: whoever reaches it can read and change everything`)
  }
  if (options.advertiseClientUrls !== undefined) {
    const advertised = parseAddresses(options.advertiseClientUrls, '--advertise-client-urls')
    const unheard = advertised.find(({ secure }) => !clientAddresses.some((address) => address.secure === secure))
    if (unheard !== undefined) {
      const spoken = unheard.secure ? 'plaintext' : 'TLS'
      warnings.push(
        `clients are told ${unheard.url} (--advertise-client-urls), but --listen-client-urls speaks ${spoken} only`,
      )
    }
    return { clientAddresses, advertisedClientUrls: advertised.map(({ url }) => url) }
  }
  const wildcard = clientAddresses.find(isWildcard)
  if (wildcard !== undefined) {
    throw new UsageError(
      `--listen-client-urls ${wildcard.url} is every address of this machine: say with --advertise-client-urls which one clients are to use`,
    )
  }
  return { clientAddresses, advertisedClientUrls: undefined }
}

/** Whoever gives certificates wants TLS, and whoever writes https:// has to give some. */
function mustBeUsed(tls: TlsSettings | undefined, addresses: readonly Address[], flag: string): void {
  const secure = addresses.find((address) => address.secure)
  if (secure !== undefined && tls === undefined) {
    const files =
      flag === '--listen-client-urls'
        ? '--cert-file and --key-file'
        : '--peer-cert-file, --peer-key-file and --peer-trusted-ca-file'
    throw new UsageError(`${flag}: ${secure.url} needs ${files}: \`synod certificates create\` makes them`)
  }
  const [plain] = addresses
  if (secure === undefined && tls !== undefined && plain !== undefined) {
    throw new UsageError(
      `${tls.certificate.flag} is given, but ${flag} is ${plain.url}, which is plaintext: write https://, or leave the certificate out`,
    )
  }
}

function resolvePeers(
  options: StartOptions,
  tls: TlsSettings | undefined,
  warnings: string[],
): Pick<ServerConfig, 'peerAddress' | 'cluster' | 'self'> {
  const { name, initialCluster } = options
  const advertised =
    options.initialAdvertisePeerUrls === undefined
      ? undefined
      : single(options.initialAdvertisePeerUrls, '--initial-advertise-peer-urls')
  const members =
    initialCluster === undefined
      ? [{ name, peerUrl: (advertised ?? parseAddress('http://127.0.0.1:2380', '')).url }]
      : parseInitialCluster(initialCluster)
  const cluster = identify(members, options.initialClusterToken, options.engine)
  const self = cluster.members.find((member) => member.name === name)
  if (self === undefined) {
    throw new UsageError(
      `--initial-cluster does not contain --name ${name}: it names ${members.map((member) => member.name).join(', ')}`,
    )
  }
  if (advertised !== undefined && advertised.url !== self.peerUrl) {
    throw new UsageError(
      `--initial-advertise-peer-urls is ${advertised.url}, but --initial-cluster says ${name}=${self.peerUrl}: they must be equal`,
    )
  }
  const peerAddress = single(options.listenPeerUrls ?? self.peerUrl, '--listen-peer-urls')
  checkPeerTls(options, tls, peerAddress, cluster, self, warnings)
  return { peerAddress, cluster, self }
}

function checkPeerTls(
  options: StartOptions,
  tls: TlsSettings | undefined,
  peerAddress: Address,
  cluster: ClusterIdentity,
  self: FirstMember,
  warnings: string[],
): void {
  const allowed = isYes(options.insecurePeers)
  const told = parseAddress(self.peerUrl, '--initial-cluster')
  if (told.secure !== peerAddress.secure) {
    throw new UsageError(
      `--listen-peer-urls is ${peerAddress.url}, but the others are told ${told.url}: both have to be http:// or https://`,
    )
  }
  const others = cluster.members.map(({ peerUrl }) => parseAddress(peerUrl, '--initial-cluster'))
  // With --insecure-peers: a cluster moves to TLS member by member, and all have certificates before the first one asks for them.
  if (!allowed || tls === undefined) mustBeUsed(tls, [peerAddress, ...others], '--listen-peer-urls')
  if (!allowed && tls !== undefined && !peerAddress.secure) {
    throw new UsageError(
      `${tls.certificate.flag} is given, but ${peerAddress.url}, where this member is reached, is plaintext: write https://, ` +
        'or add --insecure-peers while the cluster moves to TLS',
    )
  }
  // Without certificates of its own, the others' addresses are theirs to protect.
  const plain = [peerAddress, ...(tls === undefined ? [] : others.filter(({ url }) => url !== told.url))]
  for (const address of plain) {
    if (address.secure || isLoopback(address)) continue
    if (!allowed) {
      throw new UsageError(
        `--listen-peer-urls: ${address.url} can be reached from other machines, and is plaintext: whoever reaches it ` +
          'owns the cluster. Write https://, with --peer-cert-file, --peer-key-file and --peer-trusted-ca-file; or, on a network ' +
          'that you trust, add --insecure-peers',
      )
    }
    const way = address === peerAddress ? 'peers connect to' : 'this member connects to'
    warnings.push(`${way} ${address.url} in plaintext (--insecure-peers): whoever reaches it owns the cluster`)
  }
}

function single(text: string, flag: string): Address {
  const [address, ...more] = parseAddresses(text, flag)
  if (address === undefined || more.length > 0) throw new UsageError(`${flag}: ${text}: one peer URL is expected`)
  return address
}

function parseInitialCluster(text: string): { name: string; peerUrl: string }[] {
  const members = text.split(',').map((part) => {
    const at = part.indexOf('=')
    if (at <= 0)
      throw new UsageError(
        `--initial-cluster: ${JSON.stringify(part)}: expected name=http://host:port or name=https://host:port, separated by commas`,
      )
    const address = parseAddress(part.slice(at + 1).trim(), '--initial-cluster')
    checkReachable(address, '--initial-cluster')
    return { name: part.slice(0, at).trim(), peerUrl: address.url }
  })
  for (const key of ['name', 'peerUrl'] as const) {
    const seen = new Set<string>()
    for (const member of members) {
      if (seen.has(member[key])) throw new UsageError(`--initial-cluster: ${member[key]} is there twice`)
      seen.add(member[key])
    }
  }
  return members
}
