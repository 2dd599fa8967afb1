import { GrpcError } from 'synod/grpc'
import type { Member, MemberAddResponse, MembersResponse } from '../proto/member-messages.ts'
import {
  readMemberAddResponse,
  readMembersResponse,
  writeMemberAdd,
  writeMemberUpdate,
} from '../proto/member-messages.ts'
import { readEmpty, readStatusResponse } from '../proto/other-messages.ts'
import type { ProtoWriter } from '../proto/wire.ts'
import { parseAddress, parseAddresses } from './addresses.ts'
import type { Address } from './addresses.ts'
import { withClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { checkName, checkReachable } from './config.ts'
import { CommandError, exitCodes, UsageError } from './exit.ts'
import { hexadecimal } from './identity.ts'
import { printJson, printLine, table } from './output.ts'
import { quoted } from './shell.ts'
import { startCommand } from './start-command.ts'

const nothing = (): void => {}

/** What is decided, and not what one member happens to know of it. */
async function askMembers(client: Client): Promise<MembersResponse> {
  return client.ask('/etcdserverpb.Cluster/MemberList', (out) => out.flag(1, true), readMembersResponse)
}

/** What the asked member knows: it may name those that were removed, and it is told without a leader. */
export async function askKnownMembers(client: Client): Promise<MembersResponse> {
  return client.ask('/etcdserverpb.Cluster/MemberList', nothing, readMembersResponse)
}

/** The protocol that orders the writes, the same on all members. */
async function askEngine(client: Client): Promise<string> {
  const { engine } = await client.ask('/etcdserverpb.Maintenance/Status', nothing, readStatusResponse)
  return engine
}

export interface MemberListOptions extends ClientOptions {
  readonly serializable?: boolean
}

export async function memberList(options: MemberListOptions): Promise<number> {
  const ask = options.serializable === true ? askKnownMembers : askMembers
  const { header, members } = await withClient(options, ask)
  if (options.json === true) {
    printJson({ clusterId: hexadecimal(header.clusterId), members: members.map(memberJson) })
    return exitCodes.ok
  }
  const rows = members.map(({ id, name, peerUrls, clientUrls, isLearner }) => [
    hexadecimal(id),
    name,
    isLearner ? 'learner' : 'voter',
    peerUrls.join(','),
    clientUrls.join(','),
  ])
  printLine(table([['ID', 'NAME', 'ROLE', 'PEERS', 'CLIENTS'], ...rows]))
  return exitCodes.ok
}

function memberJson({ id, name, peerUrls, clientUrls, isLearner }: Member): object {
  return { id: hexadecimal(id), name, peerUrls, clientUrls, isLearner }
}

export interface MemberAddOptions extends ClientOptions {
  readonly peerUrls: string
  readonly learner?: boolean
}

const changeUnknown = 'the change may have been made, or may still be. See member list before you repeat it.'

/** Adds a member that does not run yet, and prints the command with which to start it, whether or not others wait until it votes. */
export async function memberAdd(name: string, options: MemberAddOptions): Promise<number> {
  checkName(name, '<name>')
  const addresses = parseAddresses(options.peerUrls, '--peer-urls')
  for (const address of addresses) checkReachable(address, '--peer-urls')
  const { engine, added } = await addMember(name, addresses, options)
  const { header, member, members } = added
  const [peer] = addresses
  if (member === undefined || peer === undefined)
    throw new CommandError('the answer does not say which member was added: see member list')
  const { command, clientUrl } = startCommand(name, peer, members, engine)
  if (options.json === true) {
    printJson({ clusterId: hexadecimal(header.clusterId), member: { ...memberJson(member), name }, start: command })
    return exitCodes.ok
  }
  const isLearner = options.learner === true
  const role = isLearner ? 'as a learner, until it is promoted' : 'as a voter: it votes once it runs and has caught up'
  printLine(`member ${hexadecimal(member.id)} is added to cluster ${hexadecimal(header.clusterId)}, ${role}.`)
  printLine(`Start it with an empty data directory, where its peers reach it; clients will reach it at ${clientUrl}:`)
  printLine(`  ${command}`)
  if (command.includes('-cert-file=')) {
    printLine(
      'It looks for its certificates in the directory in which it is started. If there are none yet, make them:',
    )
    printLine(`  npx synod certificates create --directory … --members ${quoted(`${name}=${peer.host}`)}`)
  }
  return exitCodes.ok
}

/** Nothing is sent where the name is taken: whoever starts a member needs another one. */
async function addMember(
  name: string,
  addresses: readonly Address[],
  options: MemberAddOptions,
): Promise<{ readonly engine: string; readonly added: MemberAddResponse }> {
  const peerUrls = addresses.map(({ url }) => url)
  const add = { peerUrls, isLearner: options.learner === true }
  let before: readonly Member[] = []
  let engine = ''
  try {
    const added = await withClient(options, async (client) => {
      before = (await askMembers(client)).members
      if (before.some((one) => one.name === name))
        throw new CommandError(`there is a member ${name} already, and the names of members differ: choose another one`)
      engine = await askEngine(client)
      return client.change(
        '/etcdserverpb.Cluster/MemberAdd',
        (out) => writeMemberAdd(out, add),
        readMemberAddResponse,
        {
          metadata: { 'synod-answer': 'decided' },
          unknown: changeUnknown,
        },
      )
    })
    return { engine, added }
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== exitCodes.unknown) throw error
    const added = await findAdded(peerUrls, before, options)
    if (added === undefined) throw error
    return { engine, added }
  }
}

/** Nobody said whether it was added: the list may. */
async function findAdded(
  peerUrls: readonly string[],
  before: readonly Member[],
  options: ClientOptions,
): Promise<MemberAddResponse | undefined> {
  const known = new Set(before.map(({ id }) => id))
  try {
    const { header, members } = await withClient({ ...options, commandTimeout: '2s' }, askMembers)
    const member = members.find((one) => !known.has(one.id) && one.peerUrls.some((url) => peerUrls.includes(url)))
    return member === undefined ? undefined : { header, member, members }
  } catch (error) {
    // Then it stays unknown, which is what its caller says.
    if (error instanceof CommandError) return undefined
    throw error
  }
}

export async function memberRemove(member: string, options: ClientOptions): Promise<number> {
  return changeOne(member, options, 'MemberRemove', 'is removed: if it runs, its process ends by itself', writeId)
}

export async function memberPromote(member: string, options: ClientOptions): Promise<number> {
  return changeOne(member, options, 'MemberPromote', 'is a voter', writeId)
}

export interface MemberUpdateOptions extends ClientOptions {
  readonly peerUrls: string
}

export async function memberUpdate(member: string, options: MemberUpdateOptions): Promise<number> {
  const peerUrls = parseAddresses(options.peerUrls, '--peer-urls').map(({ url }) => url)
  const said = `is reached by its peers at ${peerUrls.join(', ')}`
  return changeOne(member, options, 'MemberUpdate', said, (out, id) => writeMemberUpdate(out, { id, peerUrls }))
}

function writeId(out: ProtoWriter, id: bigint): void {
  out.bigint(1, id)
}

async function changeOne(
  named: string,
  options: ClientOptions,
  method: 'MemberRemove' | 'MemberPromote' | 'MemberUpdate',
  said: string,
  write: (out: ProtoWriter, id: bigint) => void,
): Promise<number> {
  const { member, members } = await withClient(options, async (client) => {
    const found = memberNamed(named, (await askMembers(client)).members)
    const path = `/etcdserverpb.Cluster/${method}`
    const unknown = { unknown: changeUnknown }
    return {
      member: found,
      ...(await client.change(path, (out) => write(out, found.id), readMembersResponse, unknown)),
    }
  })
  if (options.json === true) printJson({ member: hexadecimal(member.id), members: members.map(memberJson) })
  else printLine(`member ${title(member)} ${said}`)
  return exitCodes.ok
}

function title({ id, name }: Member): string {
  return name === '' ? hexadecimal(id) : `${hexadecimal(id)} (${name})`
}

/** By id, or by its name if no other one has it. */
function memberNamed(text: string, members: readonly Member[]): Member {
  const id = /^(0x)?[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text.replace(/^0x/i, '')}`) : undefined
  const byId = members.find((member) => member.id === id)
  const byName = members.filter((member) => member.name === text)
  const [found = byId] = byName
  if (byName.length > 1) throw new UsageError(`${byName.length} members are called ${text}: name one by its id`)
  if (found !== undefined) return found
  const known = members.map((member) => title(member)).join(', ')
  throw new CommandError(`there is no member ${text}: the members are ${known}${nameless(members)}`)
}

/** The name that was given to `member add` may be that of one that has not said it yet. */
function nameless(members: readonly Member[]): string {
  const silent = members.filter(({ name }) => name === '')
  if (silent.length === 0) return ''
  const listed = silent.map(({ id, peerUrls }) => `${hexadecimal(id)} at ${peerUrls.join(', ')}`).join('; ')
  return `. Until a member has started and taken part, it has no name and goes by its id: ${listed}`
}

const transferUnknown = 'leadership may still move. See status --cluster for who leads.'

/** Asks the leader, wherever that is, to hand over. */
export async function moveLeader(target: string, options: ClientOptions): Promise<number> {
  const member = await withClient(options, async (client) => {
    const { members } = await askMembers(client)
    const found = memberNamed(target, members)
    const leader = await findLeader(client, members)
    const path = '/etcdserverpb.Maintenance/MoveLeader'
    await client.changeAt(leader, path, (out) => writeId(out, found.id), readEmpty, { unknown: transferUnknown })
    return found
  })
  if (options.json === true) printJson({ leader: hexadecimal(member.id) })
  else printLine(`member ${title(member)} leads`)
  return exitCodes.ok
}

async function findLeader(client: Client, members: readonly Member[]): Promise<Address> {
  const advertised = members.flatMap(({ clientUrls }) => clientUrls.slice(0, 1))
  const addresses = [...client.addresses, ...advertised.map((url) => parseAddress(url, 'member list'))]
  const said = await Promise.all(addresses.map(async (address) => leads(client, address)))
  const leader = addresses.find((_, i) => said[i] === true)
  if (leader === undefined) throw new CommandError('no member says that it leads: see status --cluster')
  return leader
}

/** One that does not answer does not lead; or it cannot be asked to hand over. */
async function leads(client: Client, address: Address): Promise<boolean> {
  try {
    const path = '/etcdserverpb.Maintenance/Status'
    const { leader, header } = await client.askOne(address, path, nothing, readStatusResponse)
    return leader === header.memberId
  } catch (error) {
    if (error instanceof GrpcError) return false
    throw error
  }
}
