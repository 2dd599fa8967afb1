import type { ServerProcess } from '../cluster.ts'
import { paths, putRequest, rangeRequest, readRevision } from '../etcd-api.ts'
import { CallFailed, Endpoint } from '../endpoint.ts'
import type { LoadedCluster } from '../loaded-cluster.ts'
import { putRow } from '../rows.ts'

/** What a crash of the leader's process, by `kill -9`, did to clients of the others. */
export interface Crash {
  /** Milliseconds from the kill to the first answer to a put that was asked after it. */
  readonly without: number
  /** From the start of the process that was killed: until it answers anybody, and until it has applied all that was decided by its start. */
  readonly serves: number
  readonly level: number
}

const callTimeoutMs = 1000
const patienceMs = 30_000
const clientsAtEach = 2

/** Kills the leader, waits for service, and starts the killed one again. */
export async function crashLeader(cluster: LoadedCluster): Promise<Crash> {
  const leader = await cluster.leader()
  const others = cluster.members.filter((member) => member !== leader)
  // At any time between two heartbeats.
  await sleep(100 + 200 * Math.random())
  const { promise: service, resolve, reject } = Promise.withResolvers<number>()
  let diedAt = Infinity
  const served = (askedAt: number): void => {
    if (askedAt >= diedAt) resolve(performance.now() - diedAt)
  }
  const clients = others.flatMap(({ place }) =>
    Array.from({ length: clientsAtEach }, () => new Client(place.clientPort, served)),
  )
  await sleep(200)
  diedAt = performance.now()
  await leader.kill()
  const timer = setTimeout(
    () => reject(new Error(`${cluster.name}: no service after ${leader.name} was killed`)),
    patienceMs,
  )
  const without = await service
  clearTimeout(timer)
  await Promise.all(clients.map((client) => client.stop()))
  return { without, ...(await restart(cluster, leader)) }
}

/** Kills a follower, has the others do so many puts without it, and starts it again. */
export async function missPuts(cluster: LoadedCluster, puts: number): Promise<Omit<Crash, 'without'>> {
  const leader = await cluster.leader()
  const follower = cluster.members.find((member) => member !== leader) ?? leader
  await follower.kill()
  await cluster.load(leader, putRow(64, 4), puts)
  return restart(cluster, follower)
}

async function restart(cluster: LoadedCluster, member: ServerProcess): Promise<Omit<Crash, 'without'>> {
  const leader = await cluster.leader()
  const goal = await revisionOf(leader, false)
  const began = performance.now()
  member.start()
  let serves: number | undefined
  while (performance.now() - began < patienceMs) {
    try {
      const revision = await revisionOf(member, true)
      serves ??= performance.now() - began
      if (revision >= goal) return { serves, level: performance.now() - began }
    } catch (error) {
      // It does not listen yet.
      if (!(error instanceof CallFailed)) throw error
    }
    await sleep(5)
  }
  throw new Error(`${cluster.name}: ${member.name} did not catch up:\n${member.logTail(20)}`)
}

async function revisionOf({ endpoint }: ServerProcess, serializable: boolean): Promise<number> {
  return readRevision(await endpoint.call(paths.range, rangeRequest({ key: 'probe', serializable }), callTimeoutMs))
}

/** Puts one after the other at one member, until it is stopped. */
class Client {
  private readonly endpoint: Endpoint
  private readonly served: (askedAt: number) => void
  private isOver = false
  private readonly running: Promise<void>

  constructor(port: number, served: (askedAt: number) => void) {
    this.endpoint = new Endpoint(port)
    this.served = served
    this.running = this.run()
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      const askedAt = performance.now()
      try {
        await this.endpoint.call(paths.put, putRequest('probe', 'x'), callTimeoutMs)
        this.served(askedAt)
      } catch (error) {
        // Nobody serves: that is what is measured.
        if (!(error instanceof CallFailed)) throw error
      }
      await sleep(5)
    }
  }

  async stop(): Promise<void> {
    this.isOver = true
    await this.running
    this.endpoint.close()
  }
}

async function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
