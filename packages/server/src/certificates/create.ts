import { randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { memberUri } from 'synod/runtime'
import { checkName } from '../cli/config.ts'
import { CommandError, UsageError } from '../cli/exit.ts'
import { createAuthority, issue, type Authority } from './certificate.ts'
import { CertificateFolder } from './folder.ts'
import { hostsIn } from './names.ts'

/** What is to be made. */
export interface CertificateOrder {
  readonly directory: string
  /** The names and addresses under which each is reached: the first one is that which others are told. */
  readonly members: ReadonlyMap<string, readonly string[]>
  readonly clients: readonly string[]
  readonly days: number
  readonly authorityDays: number
  /** Certificates that are there are replaced; if none are named, all of them. */
  readonly renew: boolean
}

/** What was made. */
export interface CreatedCertificates {
  readonly folder: CertificateFolder
  readonly newAuthority: boolean
  readonly members: ReadonlyMap<string, readonly string[]>
  readonly clients: readonly string[]
  readonly to: Date
  /** The authority ends before the days that were asked for. */
  readonly shortened: boolean
}

const dayMs = 86_400_000
/** The clock of who sees a certificate first may be behind. */
const toleranceMs = 300_000
/** Whoever asks a member on its own machine needs no other name. */
const localHosts = ['localhost', '127.0.0.1', '::1']

/** Makes what is not there yet, with the directory's authority or a new one. Throws a `CommandError`; then nothing was made. */
export function createCertificates(order: CertificateOrder): CreatedCertificates {
  const folder = new CertificateFolder(order.directory)
  const known = folder.readAuthority()
  const { members, clients } = wanted(order, folder, known !== undefined)
  refuseOverwriting(folder, members, clients, order.renew)
  const now = Date.now()
  const from = new Date(now - toleranceMs)
  const authority = known ?? makeAuthority(folder, from, new Date(now + order.authorityDays * dayMs))
  const asked = new Date(now + order.days * dayMs)
  const end = new Date(authority.certificate.validTo)
  const to = end < asked ? end : asked
  for (const [name, hosts] of members) {
    const reached = { commonName: name, from, to, hosts }
    folder.writeFor('members', name, {
      server: issue(
        { ...reached, hosts: [...new Set([...hosts, ...localHosts])], purposes: ['server'], uris: [] },
        authority,
      ),
      // Either side of a connection between members.
      peer: issue({ ...reached, purposes: ['server', 'client'], uris: [memberUri(name)] }, authority),
    })
  }
  for (const name of clients) {
    const client = { commonName: name, from, to, purposes: ['client'], hosts: [], uris: [] } as const
    folder.writeFor('clients', name, { client: issue(client, authority) })
  }
  return { folder, newAuthority: known === undefined, members, clients, to, shortened: end < asked }
}

/** A new authority's first client is called `client`; renewed is, if nothing is named, what is there. */
function wanted(
  order: CertificateOrder,
  folder: CertificateFolder,
  hasAuthority: boolean,
): Pick<CreatedCertificates, 'members' | 'clients'> {
  const { members, clients, renew, directory } = order
  if (renew && !hasAuthority)
    throw new CommandError(`${directory} has no authority (ca.crt): there is nothing to renew`)
  if (!renew) {
    if (!hasAuthority && members.size === 0)
      throw new UsageError(
        '--members is missing: name them, with the hosts where they are reached, as in a=10.0.0.1,b=10.0.0.2',
      )
    if (hasAuthority && members.size + clients.length === 0)
      throw new UsageError(
        `${directory} has an authority already: say with --members or --client what it is to sign, or --renew`,
      )
    return { members, clients: hasAuthority || clients.length > 0 ? clients : ['client'] }
  }
  if (members.size + clients.length > 0) return { members, clients }
  const all = new Map(folder.existing('members').map((name) => [name, hostsOf(folder, name)]))
  return { members: all, clients: folder.existing('clients') }
}

function hostsOf(folder: CertificateFolder, name: string): readonly string[] {
  const file = join(folder.place('members', name), 'peer.crt')
  try {
    return hostsIn(new X509Certificate(readFileSync(file)))
  } catch (error) {
    throw new CommandError(
      `${file} cannot be read, so that its hosts are unknown: name them with --members`,
      undefined,
      {
        cause: error,
      },
    )
  }
}

function refuseOverwriting(
  folder: CertificateFolder,
  members: ReadonlyMap<string, unknown>,
  clients: readonly string[],
  renew: boolean,
): void {
  if (renew) return
  const places = [
    ...Array.from(members.keys(), (name) => folder.place('members', name)),
    ...clients.map((name) => folder.place('clients', name)),
  ]
  const taken = places.filter((place) => existsSync(place))
  if (taken.length === 0) return
  throw new CommandError(
    `${taken.join(', ')}: there already, and not overwritten: leave these out, or replace them with --renew`,
  )
}

function makeAuthority(folder: CertificateFolder, from: Date, to: Date): Authority {
  // Two authorities of one name would be taken for each other where both are trusted for a while.
  const mark = `${from.toISOString().slice(0, 10)} ${randomBytes(4).toString('hex')}`
  folder.writeAuthority(createAuthority(`Synod authority ${mark}`, from, to))
  const made = folder.readAuthority()
  if (made === undefined) throw new CommandError(`${folder.authorityFile} was made, and is not there any more`)
  return made
}

/** Reads `a=10.0.0.1,b=b.example,b=10.0.0.2`: a member is named once for each of its hosts. */
export function parseMembers(text: string): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>()
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    const [name, host] = [
      part.slice(0, at).trim(),
      part
        .slice(at + 1)
        .trim()
        .toLowerCase(),
    ]
    if (at <= 0) throw new UsageError(`--members: ${JSON.stringify(part)}: expected name=host, separated by commas`)
    checkName(name, '--members')
    checkHost(host)
    members.set(name, [...(members.get(name) ?? []), host])
  }
  return members
}

function checkHost(host: string): void {
  if (isIP(host) !== 0) return
  const isName =
    host.length <= 253 &&
    /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(host)
  if (isName && !/(?:^|\.)\d+$/.test(host)) return
  throw new UsageError(
    `--members: ${JSON.stringify(host)}: expected a host's name or address, without scheme and port, such as 10.0.0.1`,
  )
}
