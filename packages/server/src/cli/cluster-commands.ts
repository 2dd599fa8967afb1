import { GrpcError } from 'synod/grpc'
import type { PeerPhi, StatusResponse } from '../proto/other-messages.ts'
import { readStatusResponse } from '../proto/other-messages.ts'
import { parseAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import { withClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { exitCodes } from './exit.ts'
import { hexadecimal } from './identity.ts'
import { askKnownMembers } from './member-commands.ts'
import { printJson, printLine, size, table } from './output.ts'

const nothing = (): void => {}

/** A member's own account of itself, or why there is none. */
interface Report {
  readonly endpoint: string | undefined
  readonly name: string | undefined
  readonly said: StatusResponse | undefined
  readonly error: string | undefined
}

const columns = [
  'ENDPOINT',
  'ID',
  'LEADS',
  'ENGINE',
  'TERM',
  'INDEX',
  'APPLIED',
  'REVISION',
  'SIZE',
  'VERSION',
  'PHI',
  'ERRORS',
]

export interface StatusOptions extends ClientOptions {
  /** Ask all members that the first endpoint knows of. */
  readonly cluster?: boolean
}

export async function status(options: StatusOptions): Promise<number> {
  const reports = await withClient(options, async (client) => {
    const names = new Map<bigint, string>()
    if (options.cluster !== true) return Promise.all(client.addresses.map(async (one) => ask(client, one, names)))
    const { members } = await askKnownMembers(client)
    for (const { id, name } of members) names.set(id, name)
    return Promise.all(
      members.map(async ({ id, name, clientUrls: [url] }) =>
        url === undefined ? silent(id, name) : ask(client, parseAddress(url, 'member list'), names),
      ),
    )
  })
  if (options.json === true) printJson({ endpoints: reports.map(reportJson) })
  else printLine(table([columns, ...reports.map((report) => reportRow(report, reports))]))
  return reports.every(({ said }) => said !== undefined) ? exitCodes.ok : exitCodes.failed
}

/** A member that has never been started, or not with a majority: nobody knows where to ask it. */
function silent(id: bigint, name: string): Report {
  const who = name === '' ? hexadecimal(id) : name
  return { endpoint: undefined, name, said: undefined, error: `${who} has not said where it serves clients` }
}

async function ask(client: Client, address: Address, names: ReadonlyMap<bigint, string>): Promise<Report> {
  const endpoint = address.url
  try {
    const said = await client.askOne(address, '/etcdserverpb.Maintenance/Status', nothing, readStatusResponse)
    return { endpoint, name: names.get(said.header.memberId), said, error: undefined }
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error
    return { endpoint, name: undefined, said: undefined, error: error.message }
  }
}

function reportJson({ endpoint, name, said, error }: Report): object {
  if (said === undefined) return { endpoint: endpoint ?? null, error }
  return {
    endpoint,
    ...(name === undefined ? {} : { name }),
    id: hexadecimal(said.header.memberId),
    clusterId: hexadecimal(said.header.clusterId),
    leader: said.leader === 0n ? null : hexadecimal(said.leader),
    leads: said.leader === said.header.memberId,
    isLearner: said.isLearner,
    // etcd does not say it.
    engine: said.engine === '' ? null : said.engine,
    term: said.raftTerm,
    index: said.raftIndex,
    applied: said.raftAppliedIndex,
    revision: said.header.revision,
    size: said.dbSize,
    version: said.version,
    // etcd does not say it.
    synod: said.synodVersion === '' ? null : said.synodVersion,
    phi: Object.fromEntries(said.phis.map(({ id, phi }) => [hexadecimal(id), phi])),
    errors: said.errors,
  }
}

function reportRow({ endpoint, name, said, error }: Report, all: readonly Report[]): string[] {
  if (said === undefined) return [endpoint ?? '-', ...columns.slice(1, -1).map(() => '-'), error ?? '']
  const { header, leader } = said
  return [
    endpoint ?? '-',
    name === undefined ? hexadecimal(header.memberId) : `${hexadecimal(header.memberId)} (${name})`,
    leader === header.memberId ? 'yes' : leader === 0n ? 'no leader' : said.isLearner ? 'learner' : 'no',
    said.engine === '' ? '-' : said.engine,
    String(said.raftTerm),
    String(said.raftIndex),
    String(said.raftAppliedIndex),
    String(header.revision),
    size(said.dbSize),
    said.version,
    said.phis.map((one) => phiText(one, all)).join(', ') || '-',
    said.errors.map((text) => text.trimEnd()).join('; '),
  ]
}

/** How unlikely the silence of a peer is; by its name, if that is known. */
function phiText({ id, phi }: PeerPhi, all: readonly Report[]): string {
  const name = all.find(({ said }) => said?.header.memberId === id)?.name ?? hexadecimal(id)
  return `${name} ${phi < 100 ? phi.toFixed(1) : '> 100'}`
}
