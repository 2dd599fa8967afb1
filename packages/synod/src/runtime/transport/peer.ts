import type { Channel, Logger, Milliseconds, NodeId } from '../../core/index.ts'
import { Malformed } from '../../core/index.ts'
import { addressIn, readContact, type Address, type Contact } from '../../member/index.ts'
import type { GuardedHost } from '../guarded-host.ts'
import type { Authentication } from './authentication.ts'
import type { Traffic } from './traffic.ts'

/** Another member, and where it listens for its peers. */
export interface Peer {
  readonly id: NodeId
  /** For people: logs say it. */
  readonly name: string
  /** Tried in turn until one answers; at least one. */
  readonly addresses: readonly Address[]
}

/** What is said of a peer; undefined: not where it is, or nothing that this version can read. */
export function peerOf(id: NodeId, text: string): Peer | undefined {
  const contact = contactIn(text)
  const addresses = contact?.peerUrls.map(addressIn).filter((address) => address !== undefined) ?? []
  if (contact === undefined || addresses.length === 0) return undefined
  return { id, name: contact.name === '' ? id : contact.name, addresses }
}

/** undefined: nothing that this version can read. */
export function contactIn(text: string): Contact | undefined {
  try {
    return readContact(text)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return undefined
  }
}

/** Who this member is; what it says of itself on every new connection. */
export interface Identity {
  /** Cluster id, as 16 hexadecimal digits. */
  readonly cluster: string
  readonly id: NodeId
  /** Random, made when the directory was formatted. */
  readonly diskId: string
  /** The engine that it runs. */
  readonly protocol: string
}

/** How long and how much the transport waits and holds. */
export interface TransportLimits {
  /** A TCP connection is made within this time, or tried again. */
  readonly connectTimeout: Milliseconds
  /** Both sides: a greeting, and its answer, take no longer. The answer waits for a disk. */
  readonly handshakeTimeout: Milliseconds
  readonly backoffMin: Milliseconds
  readonly backoffMax: Milliseconds
  /** How often life is shown (receipts, probes) and looked for. Ticks, not instants, are counted: a pause of this process is no silence of its peers. */
  readonly tick: Milliseconds
  /** How often the way to a peer and back is timed, in ticks. */
  readonly probeTicks: number
  /** What was sent is acknowledged within so many ticks, or the connection is given up and made anew. */
  readonly unacknowledgedTicksMax: number
  /** A peer that dialed is heard of within so many ticks, or its connection is closed. */
  readonly silentTicksMax: number
  /** Connections that have not been welcomed yet; beyond it the oldest one has to go. */
  readonly strangersMax: number
  /** What one connection hands to the member in one turn before the others, and the rest of the program, get theirs. */
  readonly turnBytesMax: number
  /** What is queued for one peer on each channel; a frame beyond it is dropped. */
  readonly queueBytesMax: Readonly<Record<Channel, number>>
}

export const defaultLimits: TransportLimits = {
  connectTimeout: 1_000,
  handshakeTimeout: 5_000,
  backoffMin: 50,
  backoffMax: 2_000,
  tick: 500,
  probeTicks: 4,
  unacknowledgedTicksMax: 6,
  silentTicksMax: 20,
  strangersMax: 32,
  turnBytesMax: 512 * 1024,
  queueBytesMax: { urgent: 1024 * 1024, bulk: 32 * 1024 * 1024, snapshot: 4 * 1024 * 1024 },
}

/** What the connections of a transport have in common. */
export interface Surroundings {
  readonly identity: Identity
  /** What the membership says of this member, at the moment. */
  readonly contact: () => string
  readonly host: GuardedHost
  /** Of the peers that are reached by TLS; undefined: there are no certificates. */
  readonly authentication: Authentication | undefined
  /** Of the peers that dial; undefined: this member listens in plaintext, and whoever can connect is believed. */
  readonly gatekeeper: Authentication | undefined
  readonly limits: TransportLimits
  readonly traffic: Traffic
  readonly log: Logger
  readonly random: () => number
}
