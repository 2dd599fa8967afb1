import { GrpcError } from 'synod/grpc'
import { addressIn } from 'synod/member'
import type { Member } from '../../proto/member-messages.ts'
import { readStatusResponse } from '../../proto/other-messages.ts'
import type { StatusResponse } from '../../proto/other-messages.ts'
import { parseAddress } from '../addresses.ts'
import { withClient } from '../client.ts'
import type { Client, ClientOptions } from '../client.ts'
import { CommandError } from '../exit.ts'
import { hexadecimal } from '../identity.ts'
import { askKnownMembers } from '../member-commands.ts'
import { size } from '../output.ts'
import { ok, problem, unknown, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Entries that a member may be behind, in the time of a few round trips under load; and etcd's bound, from which on it refuses. */
const lagWarning = 1000
const lagProblem = 5000
/** φ: at the usual heartbeats some 600 ms of silence. Less is a busy machine, and not yet an election timeout. */
const suspicion = 100

/** What one member said, or why it did not. */
export interface Answer {
  readonly url: string
  readonly ms: number
  readonly said: StatusResponse | undefined
  readonly error: string | undefined
}

/** Said by a member that runs. */
interface Account {
  readonly url: string
  readonly said: StatusResponse
}

/** A cluster that runs, through the endpoints and whoever else they know of. Reads only. */
export async function checkCluster(options: ClientOptions): Promise<Finding[]> {
  return withClient(options, async (client) => {
    const asked = await Promise.all(client.addresses.map(async ({ url }) => ask(client, url)))
    const members = await knownMembers(client)
    if (members === undefined) return asked.map(reachability)
    const urls = new Set(asked.map(({ url }) => url))
    const heard = new Set(asked.flatMap(({ said }) => (said === undefined ? [] : [said.header.memberId])))
    const others = members.flatMap(({ id, clientUrls: [url] }) =>
      url === undefined || heard.has(id) || urls.has(url) || addressIn(url) === undefined ? [] : [url],
    )
    const answers = [...asked, ...(await Promise.all(others.map(async (url) => ask(client, url))))]
    return [...answers.map(reachability), ...judgeCluster(answers, members)]
  })
}

async function ask(client: Client, url: string): Promise<Answer> {
  const began = performance.now()
  try {
    const address = parseAddress(url, 'member list')
    const said = await client.askOne(address, '/etcdserverpb.Maintenance/Status', () => undefined, readStatusResponse)
    return { url, ms: performance.now() - began, said, error: undefined }
  } catch (error) {
    if (!(error instanceof GrpcError || error instanceof CommandError)) throw error
    return { url, ms: performance.now() - began, said: undefined, error: error.message }
  }
}

/** undefined: nobody says it. */
async function knownMembers(client: Client): Promise<readonly Member[] | undefined> {
  try {
    return (await askKnownMembers(client)).members
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}

function reachability({ url, ms, said, error }: Answer): Finding {
  const check = `endpoint ${url}`
  if (said === undefined) {
    return problem(check, `no answer: ${error ?? ''}`, 'start that member, or correct the endpoint; see its log')
  }
  const { leader, isLearner, version, engine, header } = said
  const role = isLearner ? 'learner' : leader === header.memberId ? 'leader' : 'follower'
  const what = engine === '' ? `etcd ${version}` : `engine ${engine}, API of etcd ${version}`
  return ok(check, `member ${hexadecimal(header.memberId)}, ${role}, ${what}, answered in ${ms.toFixed(1)} ms`)
}

/** What the accounts of all members say together. */
export function judgeCluster(answers: readonly Answer[], members: readonly Member[]): Finding[] {
  const accounts = answers.flatMap(({ url, said }) => (said === undefined ? [] : [{ url, said }]))
  return [
    oneCluster(accounts),
    agreement(accounts),
    quorum(accounts, members),
    ...learners(members),
    ...alike('engine', accounts, ({ engine }) => engine),
    ...alike('version', accounts, ({ version }) => version),
    lag(accounts),
    ...accounts.map(quota),
    ...accounts.flatMap(complaints),
    ...accounts.flatMap((account) => silences(account, members)),
  ]
}

function oneCluster(accounts: readonly Account[]): Finding {
  const ids = new Set(accounts.map(({ said }) => hexadecimal(said.header.clusterId)))
  if (ids.size === 1) return ok('cluster', `all who answer belong to cluster ${[...ids].join()}`)
  const found = `the endpoints belong to different clusters: ${[...ids].join(', ')}`
  return problem(
    'cluster',
    found,
    'give the endpoints of one cluster; if they should be one: equal --initial-cluster and token',
  )
}

function agreement(accounts: readonly Account[]): Finding {
  const leaders = new Set(accounts.map(({ said }) => said.leader))
  const [first] = leaders
  if (leaders.size > 1) {
    const views = accounts.map(({ url, said }) => `${url}: ${nameOf(said.leader)}, term ${said.raftTerm}`).join('; ')
    return warning('leader', `not agreed on: ${views}`, 'ask again: if it stays so, look at the network between them')
  }
  if (first === undefined || first === 0n) {
    return problem(
      'leader',
      'there is none: nothing is written',
      'see who does not answer, and what the logs say of elections',
    )
  }
  return ok('leader', `${nameOf(first)} leads, in term ${Math.max(...accounts.map(({ said }) => said.raftTerm))}`)
}

function nameOf(id: bigint): string {
  return id === 0n ? 'nobody' : `member ${hexadecimal(id)}`
}

/** How many may fail before nothing can be written any more. */
function quorum(accounts: readonly Account[], members: readonly Member[]): Finding {
  const voters = members.filter(({ isLearner }) => !isLearner)
  const answering = voters.filter(({ id }) => accounts.some(({ said }) => said.header.memberId === id)).length
  const needed = Math.floor(voters.length / 2) + 1
  const spare = answering - needed
  const found = `${answering} of ${voters.length} voters answer, ${needed} are needed`
  if (spare < 0) {
    return problem(
      'quorum',
      `${found}: nothing can be written`,
      'start those that are missing; do not remove any meanwhile',
    )
  }
  const survives = `${spare} more ${spare === 1 ? 'failure is' : 'failures are'} survived`
  if (voters.length === 1) {
    return warning(
      'quorum',
      'one voter: no failure is survived, and its disk is the only copy',
      'add two members: synod member add',
    )
  }
  if (answering < voters.length) {
    return warning(
      'quorum',
      `${found}: ${survives}`,
      'start who is missing, or replace it (docs/operations.md, "Replace a dead member")',
    )
  }
  if (voters.length % 2 === 0) {
    const odd = `${voters.length} voters survive no more than ${voters.length - 1} do`
    return warning('quorum', `${found}: ${survives}; ${odd}`, 'add one, or remove one')
  }
  return ok('quorum', `${found}: ${survives}`)
}

function learners(members: readonly Member[]): Finding[] {
  return members
    .filter(({ isLearner }) => isLearner)
    .map(({ id, name }) =>
      ok(
        'learner',
        `${hexadecimal(id)} (${name === '' ? 'not started yet' : name}) has no vote yet: synod member promote, or it joins by itself`,
      ),
    )
}

function alike(check: string, accounts: readonly Account[], of: (said: StatusResponse) => string): Finding[] {
  const values = new Set(accounts.map(({ said }) => of(said)))
  if (values.size < 2) return []
  const found = accounts.map(({ url, said }) => `${url}: ${of(said)}`).join('; ')
  return [warning(check, `the members differ: ${found}`, 'while an upgrade is under way only: finish it')]
}

function lag(accounts: readonly Account[]): Finding {
  const newest = Math.max(...accounts.map(({ said }) => said.raftIndex))
  const behind = accounts.map(({ url, said }) => ({ url, entries: newest - said.raftAppliedIndex }))
  const worst = behind.toSorted((a, b) => b.entries - a.entries)[0]
  if (worst === undefined) return unknown('lag', 'nobody answers')
  const found = `${worst.url} has applied all but ${worst.entries} of ${newest} entries`
  const advice =
    'ask again: if it grows, its disk or its network is too slow, or it is fetching a snapshot (see its log)'
  if (worst.entries > lagProblem) return problem('lag', found, advice)
  if (worst.entries > lagWarning) return warning('lag', found, advice)
  return ok('lag', `nobody is more than ${worst.entries} entries behind`)
}

function quota({ url, said }: Account): Finding {
  const { dbSize, dbSizeQuota } = said
  const check = `quota ${url}`
  if (dbSizeQuota === 0) return unknown(check, `${size(dbSize)} used; its quota it does not say`)
  const share = dbSize / dbSizeQuota
  const found = `${size(dbSize)} of ${size(dbSizeQuota)} (${(share * 100).toFixed(0)} %)`
  const advice =
    'compact (etcdctl compact REVISION), delete what is not needed, or raise --quota-backend-bytes on all members'
  if (share >= 1) return problem(check, `${found}: writes are refused`, advice)
  return share >= 0.8 ? warning(check, found, advice) : ok(check, found)
}

/** Alarms, and whatever else a member complains of. */
function complaints({ url, said }: Account): Finding[] {
  return said.errors.map((error) => {
    const check = `errors ${url}`
    if (error.includes('NOSPACE'))
      return problem(check, error, 'make room: compact or delete; the alarm ends by itself then')
    if (error.includes('CORRUPT')) {
      return problem(check, error, 'compare etcdctl endpoint hashkv on all members, and replace the one that differs')
    }
    if (error.includes('no leader')) return problem(check, error, 'it hears no leader: see "quorum" and "leader"')
    return problem(check, error, 'see docs/operations.md, "Alarms"')
  })
}

function silences({ url, said }: Account, members: readonly Member[]): Finding[] {
  return said.phis
    .filter(({ phi }) => phi >= suspicion)
    .map(({ id, phi }) => {
      const name = members.find((member) => member.id === id)?.name ?? ''
      const found = `member ${hexadecimal(id)}${name === '' ? '' : ` (${name})`} is silent (φ ${phi.toFixed(0)})`
      return warning(`peers ${url}`, found, 'see whether it runs, and whether their peer ports reach each other')
    })
}
