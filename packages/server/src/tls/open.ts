import type { Logger } from 'synod'
import type { ServerTls } from 'synod/grpc'
import { memberNamesIn } from 'synod/runtime'
import type { PeerTls } from 'synod/runtime'
import { parseAddress } from '../cli/addresses.ts'
import type { ServerConfig } from '../cli/config.ts'
import { checkMs, Credentials } from './credentials.ts'
import { mustName, type Judge } from './material.ts'

/** The certificates of a member that runs. */
export interface MemberCredentials {
  /** undefined: it speaks plaintext with them. */
  readonly clients: ServerTls | undefined
  readonly peers: PeerTls | undefined
  /** Reads all files again, changed or not. */
  reload(): void
  /** The files are not looked at any more. */
  close(): void
}

/** Reads the certificates that a member is started with, and goes on to look at the files. Throws a `CommandError`. */
export function openCredentials(config: ServerConfig, log: Logger): MemberCredentials {
  const { tls } = config
  const clients = tls.clients && new Credentials(tls.clients, ['server'], mustName(clientHosts(config)), log)
  const peers = tls.peers && new Credentials(tls.peers, ['server', 'client'], peerJudge(config), log)
  const all = [clients, peers].filter((one) => one !== undefined)
  const timer = setInterval(() => {
    for (const one of all) one.check()
  }, checkMs)
  timer.unref()
  return {
    clients: clients && { ...shared(clients), requiresCertificate: clients.settings.authority !== undefined },
    peers: peers && { ...shared(peers), context: peers.context, firstNames: firstNames(config) },
    reload: () => {
      for (const one of all) one.reload()
    },
    close: () => clearInterval(timer),
  }
}

function shared({ options, onRenewed, refuses }: Credentials): Pick<Credentials, 'options' | 'onRenewed' | 'refuses'> {
  return { options, onRenewed, refuses }
}

/** Where clients are told to come by TLS. */
function clientHosts({ advertisedClientUrls, clientAddresses }: ServerConfig): { host: string; flag: string }[] {
  const flag = advertisedClientUrls === undefined ? '--listen-client-urls' : '--advertise-client-urls'
  const urls = advertisedClientUrls ?? clientAddresses.map(({ url }) => url)
  return urls.flatMap((url) => {
    const { secure, host } = parseAddress(url, flag)
    return secure ? [{ host, flag }] : []
  })
}

/** The others compare both: the host that they dial, and the name of the member. */
function peerJudge({ name, self }: ServerConfig): Judge {
  const { host } = parseAddress(self.peerUrl, '--initial-advertise-peer-urls')
  const namesPlace = mustName([{ host, flag: '--initial-advertise-peer-urls' }])
  return (certificate) => {
    const named = memberNamesIn(certificate)
    if (named.includes(name)) return namesPlace(certificate)
    const found = named.length === 0 ? 'names no member' : `is that of member ${named.join(' and ')}`
    return `${found}, and this is --name ${name}: \`synod certificates create\` makes one with the member's name in it`
  }
}

/** Of a cluster that begins: everybody knows the others by --initial-cluster alone. */
function firstNames({ state, cluster }: ServerConfig): Readonly<Record<string, string>> {
  return state === 'new' ? Object.fromEntries(cluster.members.map(({ node, name }) => [node, name])) : {}
}
