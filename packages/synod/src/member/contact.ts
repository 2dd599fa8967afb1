import { Malformed, type NodeId } from '../core/index.ts'

/**
 * What the membership says of a member beside its id: the only place where addresses are kept (two that drift apart are
 * etcd#19557). Protocols carry it as text and do not look into it.
 *
 *     {"v":1,"name":"m1","peerUrls":["http://10.0.0.1:2380"],"clientUrls":["http://10.0.0.1:2379"],"disk":"5f…"}
 *
 * `v` is the version: one that is not known is not read. Fields that are not known are kept, after the known ones and in
 * the order of their names, so that equal contacts are equal texts.
 */
export interface Contact {
  /** For people; empty until the member has said it. */
  readonly name: string
  /** Where the other members reach it; the first that answers is used. */
  readonly peerUrls: readonly string[]
  /** Where clients reach it; empty until the member has said it. */
  readonly clientUrls: readonly string[]
  /** The disk under which it takes part: another one under its id is refused. Undefined until the member has said it. */
  readonly disk: string | undefined
}

const version = 1

/** No text is longer, in UTF-16 units: it is in every snapshot, and in the greeting of every connection. */
export const contactLengthMax = 4096

type Fields = Record<string, unknown>

/** A member of which nothing is said, not even where it is, has the empty contact. Throws `Malformed`. */
export function readContact(text: string | undefined): Contact {
  const fields = parse(text)
  return {
    name: textIn(fields, 'name') ?? '',
    peerUrls: textsIn(fields, 'peerUrls'),
    clientUrls: textsIn(fields, 'clientUrls'),
    disk: textIn(fields, 'disk'),
  }
}

/** What is not given is left out. */
export function writeContact(contact: Partial<Contact>): string {
  return format({ ...contact })
}

/** What `patch` says replaces what is known; of the rest nothing is lost. Throws `Malformed`. */
export function mergeContact(known: string | undefined, patch: string): string {
  const merged = format({ ...parse(known), ...parse(patch) })
  parse(merged)
  return merged
}

/** Where somebody listens. */
export interface Address {
  /** A name, or an address: of IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Behind TLS: `https://` is written. */
  readonly secure: boolean
}

/** Reads `http://host:port`, or `https://`; undefined: it is not that. */
export function addressIn(url: string): Address | undefined {
  const match = /^(https?):\/\/(?:\[([\d.:A-Fa-f]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})$/.exec(url)
  const host = match?.[2] ?? match?.[3]
  const port = Number(match?.[4])
  if (host === undefined || port > 65_535 || !isHost(host)) return undefined
  return { host, port, secure: match?.[1] === 'https' }
}

/** What looks like an address of IPv4 must be one: no name ends with a number. */
function isHost(host: string): boolean {
  if (host.includes(':')) return true
  const labels = host.replace(/\.$/, '').split('.')
  if (!/^\d+$/.test(labels.at(-1) ?? '')) return labels.every((label) => label !== '')
  return labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label) && Number(label) <= 255)
}

/** The disk that a membership names for a member. */
export function diskIn(contacts: Readonly<Record<NodeId, string>>, id: NodeId): string | undefined {
  return Object.hasOwn(contacts, id) ? readContact(contacts[id]).disk : undefined
}

function parse(text: string | undefined): Fields {
  if (text === undefined || text === '') return {}
  if (text.length > contactLengthMax) {
    throw new Malformed(`a contact has at most ${contactLengthMax} characters, not ${text.length}`)
  }
  const { v, ...fields } = objectIn(text)
  if (v !== version) throw new Malformed(`a contact of version ${String(v)}; this program knows version ${version}`)
  textIn(fields, 'name')
  textsIn(fields, 'peerUrls')
  textsIn(fields, 'clientUrls')
  textIn(fields, 'disk')
  return fields
}

function objectIn(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Malformed('a contact is the text of a JSON object')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function format({ name, peerUrls, clientUrls, disk, ...others }: Fields): string {
  const rest = Object.entries(others).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ v: version, name, peerUrls, clientUrls, disk, ...Object.fromEntries(rest) })
}

function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === 'string') return value
  throw new Malformed(`the ${name} of a contact is a text`)
}

function textsIn(fields: Fields, name: string): string[] {
  const value = fields[name] ?? []
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw new Malformed(`the ${name} of a contact are a list of texts`)
}
