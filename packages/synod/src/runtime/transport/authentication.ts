import type { X509Certificate } from 'node:crypto'
import { connect as connectPlain, type Socket } from 'node:net'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  connect as connectTls,
  TLSSocket,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls'
import type { NodeId } from '../../core/index.ts'
import { addressIn, type Address } from '../../member/index.ts'
import { memberNamesIn, namesHost, withoutZone } from './certificate-names.ts'
import { contactIn } from './peer.ts'

/** How peers are known to each other. Both sides of every connection show a certificate of the authority. */
export interface PeerTls {
  /** Certificate, key and authority, as they are now: they may be exchanged while the member runs. */
  readonly options: () => SecureContextOptions
  /** Made of them. */
  readonly context: () => SecureContext
  /** Calls `listener` when they have been exchanged; the answer takes it away. */
  readonly onRenewed: (listener: () => void) => () => void
  /** What the first members are called, until each has said so in the membership itself. */
  readonly firstNames: Readonly<Record<NodeId, string>>
  /** Whether a certificate of the authority is refused all the same, and why. */
  readonly refuses: (certificate: X509Certificate) => string | undefined
}

/** Who a peer says it is: the id, and what it says of itself. */
export interface Claim {
  readonly id: NodeId
  readonly contact: string
}

/**
 * Whether a peer is who it says. The authority's signature shows that the peer is a member of this cluster, or may become
 * one; its name, which one. Ids cannot stand in certificates: who is added later gets its id from the cluster.
 */
export class Authentication {
  readonly tls: PeerTls
  private readonly contacts: () => Readonly<Record<NodeId, string>>

  constructor(tls: PeerTls, contacts: () => Readonly<Record<NodeId, string>>) {
    this.tls = tls
    this.contacts = contacts
  }

  /** Why this peer cannot be that member; undefined: it can. */
  impostor(socket: Socket, claim: Claim): string | undefined {
    const certificate = certificateOf(socket)
    if (certificate === undefined) return 'it has shown no certificate'
    return outsider(certificate, this.tls) ?? this.misnamed(certificate, claim)
  }

  private misnamed(certificate: X509Certificate, { id, contact }: Claim): string | undefined {
    const contacts = this.contacts()
    const known = Object.hasOwn(contacts, id) ? contacts[id] : undefined
    const named = memberNamesIn(certificate)
    const shown = `its certificate is that of member ${named.join(' and ')}`
    const name = this.nameOf(id, known)
    if (name !== '') return named.includes(name) ? undefined : `${shown}, and member ${id} is called ${name}`
    // It has never taken part, or is a stranger here: by the address that it was added with, or claims.
    const said = contactIn(known ?? contact)
    const hosts = said?.peerUrls.flatMap((url) => addressIn(url)?.host ?? []) ?? []
    if (!hosts.some((host) => namesHost(certificate, host)))
      return `its certificate names another host than ${hosts.join(' or ')}, where member ${id} is`
    if (known === undefined) {
      const own = said?.name ?? ''
      return own === '' || named.includes(own) ? undefined : `${shown}, and it says that it is called ${own}`
    }
    const other = Object.keys(contacts).find((one) => one !== id && named.includes(this.nameOf(one, contacts[one])))
    return other === undefined ? undefined : `${shown}, which is another one than ${id}: member ${other}`
  }

  private nameOf(id: NodeId, contact: string | undefined): string {
    const said = contactIn(contact ?? '')?.name ?? ''
    if (said !== '') return said
    return (Object.hasOwn(this.tls.firstNames, id) ? this.tls.firstNames[id] : undefined) ?? ''
  }
}

/** Why whoever shows this certificate is no member at all, such as a client. */
function outsider(certificate: X509Certificate, tls: PeerTls): string | undefined {
  if (memberNamesIn(certificate).length === 0)
    return 'its certificate names no member: one that `synod certificates create` has made for this member is needed'
  return tls.refuses(certificate)
}

/** The same of a connection that says nothing of an id. */
export function isOutsider(socket: Socket, tls: PeerTls): string | undefined {
  const certificate = certificateOf(socket)
  return certificate === undefined ? 'it has shown no certificate' : outsider(certificate, tls)
}

function certificateOf(socket: Socket): X509Certificate | undefined {
  // `authorized`: verified up to the authority, on both sides of a connection.
  return socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined
}

/** Why a peer at this address cannot be dialed at all; undefined: it can. */
export function undialable({ secure }: Address, tls: PeerTls | undefined): string | undefined {
  if (!secure || tls !== undefined) return undefined
  return 'it is reached by https://, and this member has no certificate to show (--peer-cert-file)'
}

/** Begins to connect, as the peer's URL says; throws an `Error` where it is `undialable`. `ready` is the event after which bytes may be said. */
export function dialPeer(
  address: Address,
  tls: PeerTls | undefined,
): { readonly socket: Socket; readonly ready: 'connect' | 'secureConnect' } {
  const { host, port, secure } = address
  if (!secure) {
    const socket = connectPlain({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    return { socket, ready: 'connect' }
  }
  if (tls === undefined) throw new Error(undialable(address, tls))
  // Without SNI for an address (RFC 6066 §3).
  const servername = isIP(host) === 0 ? host : ''
  const socket = connectTls({
    host,
    port,
    servername,
    secureContext: tls.context(),
    rejectUnauthorized: true,
    checkServerIdentity: (_, certificate) => checkServerIdentity(withoutZone(host), certificate),
  })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 10_000)
  return { socket, ready: 'secureConnect' }
}
