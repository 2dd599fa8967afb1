import { addressIn } from 'synod/member'
import type { Member } from '../proto/member-messages.ts'
import { isLoopback, isWildcard, parseAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import { asArgument, clientPortFlags, peerPortFlags } from './certificate-flags.ts'
import { defaultEngine, hexadecimal } from './identity.ts'
import { quoted } from './shell.ts'

const portMax = 65_535

/** Of the certificates: the directory in which the member is started. */
const here = ''

/** What a member that was added is started with, and where clients will reach it. */
export interface Starting {
  readonly command: string
  readonly clientUrl: string
}

/**
 * How a member that was added is started: the command is one that `synod start` takes as it is, beside all `members` on
 * one machine too. `peer`: where the others reach it. It asks whoever of them runs who takes part. `engine`: theirs; one
 * that does not say is no Synod.
 */
export function startCommand(name: string, peer: Address, members: readonly Member[], engine: string): Starting {
  const clientUrl = clientUrlBeside(peer, members)
  const flags = [
    `--name=${name}`,
    '--initial-cluster-state=existing',
    ...(engine === '' || engine === defaultEngine ? [] : [`--engine=${engine}`]),
    `--initial-cluster=${[...introducers(name, peer, members), `${name}=${peer.url}`].join(',')}`,
    `--initial-advertise-peer-urls=${peer.url}`,
    `--listen-client-urls=${clientUrl}`,
    ...(clientUrl.startsWith('https:') ? clientPortFlags(here).map(asArgument) : []),
    ...(peer.secure ? peerPortFlags(here).map(asArgument) : isLoopback(peer) ? [] : ['--insecure-peers']),
  ]
  return { command: `npx synod start ${flags.map(quoted).join(' ')}`, clientUrl }
}

/** Whom it asks, one address each. Who has no name of its own, or shares it, goes by its id: none may be there twice. */
function introducers(name: string, peer: Address, members: readonly Member[]): string[] {
  const names = new Set([name])
  return members.flatMap((member) => {
    const [address] = member.peerUrls.flatMap((url) => reachable(url) ?? [])
    if (address === undefined || address.url === peer.url) return []
    const known = member.name === '' || names.has(member.name) ? hexadecimal(member.id) : member.name
    names.add(known)
    return `${known}=${address.url}`
  })
}

function reachable(url: string): Address | undefined {
  if (addressIn(url) === undefined) return undefined
  const address = parseAddress(url, 'member list')
  return isWildcard(address) ? undefined : address
}

/** On the host of its peers' URL, at the next port that no member has: they may all run on one machine. */
function clientUrlBeside(peer: Address, members: readonly Member[]): string {
  const urls = members.flatMap(({ peerUrls, clientUrls }) => [...peerUrls, ...clientUrls])
  const taken = new Set([peer.port, ...urls.map((url) => addressIn(url)?.port)])
  let { port } = peer
  while (taken.has(port)) port = port === portMax ? 1024 : port + 1
  // As the others speak with clients, or else with each other.
  const known = members.flatMap(({ clientUrls }) => clientUrls)
  const secure = known.length === 0 ? peer.secure : known.some((url) => url.startsWith('https:'))
  return peer.url.replace(/^https?/, secure ? 'https' : 'http').replace(/:\d+$/, `:${port}`)
}
