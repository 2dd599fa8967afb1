import { awaitLeader, type ServerCommand, type ServerProcess } from '../cluster.ts'
import { paths, rangeRequest, hashKvRequest, readHashKv, readMemberList, readRevision } from '../etcd-api.ts'
import { Comings } from './comings.ts'
import { Faults } from './faults.ts'
import { check, type Operation, type Revision, type Violation } from './history.ts'
import { type Gap, Meter } from './meter.ts'
import { Observer } from './observer.ts'
import { Network } from './proxy.ts'
import { readBack } from './read-back.ts'
import { Roster } from './roster.ts'
import { prefix, Workload } from './workload.ts'

/** What a run is made of. */
export interface RunOptions {
  readonly minutes: number
  readonly seed: number
  readonly clients: number
  readonly operationsPerSecond: number
  readonly directory: string
  readonly command: ServerCommand
  readonly partitions: boolean
  /** Members come and go. */
  readonly comings: boolean
}

/** What it did, and what it found. */
export interface Result {
  readonly violations: readonly Violation[]
  readonly operations: readonly Operation[]
  readonly history: readonly Revision[]
  readonly faults: ReadonlyMap<string, number>
  readonly elections: number
  readonly terms: number
  readonly longest: Gap
  readonly afterLeaderDeath: readonly number[]
}

const firstMembers = 3
const callTimeoutMs = 3000
/** A cluster that is whole again elects within a second; a machine under load may take its time. */
const recoveryMs = 60_000

/** Starts a cluster, breaks and mends it for a while, and checks all that its clients were told. */
export async function run(options: RunOptions): Promise<Result> {
  const began = performance.now()
  const now = (): number => performance.now() - began
  const log = (line: string): void => console.log(`${(now() / 1000).toFixed(1).padStart(7)} s  ${line}`)
  const network = new Network()
  const found: Violation[] = []
  const observer = new Observer()
  const roster = new Roster({
    ...options,
    network,
    joined: (member) => observer.follow(member),
    died: (member, how) => {
      log(`${member.name} ${how}`)
      const why = `${member.name} ${how}; its log ends:\n${member.logTail(20)}`
      found.push(violation('a member never ends by itself, unless it was removed', why))
    },
  })
  const { members } = roster
  try {
    await roster.begin(firstMembers)
    await introduce(members, network)
    const meter = new Meter(now)
    const ports = (): number[] => members.map(({ place }) => place.clientPort)
    const workload = new Workload({ ...options, ports, timeoutMs: callTimeoutMs }, meter, now)
    const faults = new Faults({ members, network, observer, meter, partitions: options.partitions, log }, options.seed)
    const comings = new Comings({ roster, network, log }, options.seed)
    workload.start()
    faults.start()
    if (options.comings) comings.start()
    await interruptible(options.minutes * 60_000)
    await Promise.all([faults.stop(), comings.stop()])
    await faults.stop()
    log('mended')
    if (options.comings) await settle(comings, found)
    let whole = await progress(members, 'after everything was mended', found)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    meter.pause()
    await workload.stop()
    await observer.stop()
    for (const contradiction of observer.contradictions) found.push(violation('one leader a term', contradiction))
    // what was acknowledged is on disk: a last kill -9 of all at once must not change anything
    await Promise.all(members.map((member) => member.kill()))
    for (const member of members) member.start()
    whole = whole && (await progress(members, 'after all were killed and started again', found))
    const history = whole ? await agreedHistory(members, found, log) : []
    if (whole) found.push(...check(workload.operations, history))
    return {
      violations: found,
      operations: workload.operations,
      history,
      faults: new Map([...faults.counts, ...comings.counts]),
      elections: observer.elections,
      terms: observer.terms,
      longest: meter.longest,
      afterLeaderDeath: meter.afterLeaderDeath,
    }
  } finally {
    await observer.stop()
    await roster.killAll()
    await network.close()
  }
}

async function settle(comings: Comings, found: Violation[]): Promise<void> {
  try {
    await comings.settle()
  } catch (error) {
    found.push(violation('a whole cluster serves', error instanceof Error ? error.message : String(error)))
  }
}

/** Tells the network which id is whose. */
async function introduce(members: readonly ServerProcess[], network: Network): Promise<void> {
  const leader = await awaitLeader(members, recoveryMs)
  const answer = await leader.endpoint.call(paths.memberList, new Uint8Array(), callTimeoutMs)
  for (const { id, name } of readMemberList(answer)) network.introduce(id.toString(16).padStart(16, '0'), name)
  // connections of before the introduction are from strangers, whom no cut concerns
  network.reset()
}

/** A whole cluster has a leader and serves linearizable reads at every member; `false`: it does not, which is noted. */
async function progress(members: readonly ServerProcess[], when: string, found: Violation[]): Promise<boolean> {
  const deadline = performance.now() + recoveryMs
  try {
    await awaitLeader(members, recoveryMs)
    for (const member of members) await serves(member, deadline)
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    found.push(violation('a whole cluster serves', `${when}: ${reason}`))
    return false
  }
}

async function serves(member: ServerProcess, deadline: number): Promise<void> {
  for (;;) {
    try {
      await member.endpoint.call(paths.range, rangeRequest({ key: prefix }), callTimeoutMs)
      return
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`${member.name} serves no read: ${String(error)}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** The history as all members have it: their hashes agree, and so does every revision, read one by one. */
async function agreedHistory(
  members: readonly ServerProcess[],
  found: Violation[],
  log: (line: string) => void,
): Promise<Revision[]> {
  const revisions = await Promise.all(
    members.map(async ({ endpoint }) =>
      readRevision(await endpoint.call(paths.range, rangeRequest({ key: prefix }), callTimeoutMs)),
    ),
  )
  const last = Math.max(...revisions)
  log(`reading ${last} revisions back from each member`)
  const hashes = await Promise.all(
    members.map(async ({ endpoint }) => readHashKv(await endpoint.call(paths.hashKv, hashKvRequest(last), 30_000))),
  )
  const texts = hashes.map(({ hash, compactRevision }, i) => `${members[i]?.name} ${hash} from ${compactRevision}`)
  if (new Set(hashes.map(({ hash, compactRevision }) => `${hash}/${compactRevision}`)).size > 1) {
    found.push(violation('all members agree', `HashKV at revision ${last}: ${texts.join(', ')}`))
  }
  const [first = [], ...others] = await Promise.all(members.map((member) => readBack(member, last)))
  for (const [i, other] of others.entries()) {
    const differs = first.findIndex((one, at) => JSON.stringify(one) !== JSON.stringify(other[at]))
    if (differs < 0) continue
    const [a, b] = [JSON.stringify(first[differs]), JSON.stringify(other[differs])]
    found.push(violation('all members agree', `${members[0]?.name} has ${a}, ${members[i + 1]?.name} has ${b}`))
  }
  return first
}

function violation(rule: string, message: string): Violation {
  return { rule, message, operations: [] }
}

/** Ctrl-C ends the breaking early, and what happened until then is checked as always; a second one ends it all. */
async function interruptible(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const interrupted = (): void => {
    process.once('SIGINT', () => process.exit(130))
    resolve()
  }
  process.once('SIGINT', interrupted)
  await promise
  clearTimeout(timer)
  process.off('SIGINT', interrupted)
}
