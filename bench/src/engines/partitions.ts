import type { Milliseconds, NodeId } from 'synod'
import { names } from './cost.ts'
import { measuredWorld, type EngineName } from './measured-world.ts'

/** The three partial partitions of OmniPaxos (EuroSys 2023, §2): everybody reaches somebody, and hardly anybody a quorum. */
export const partitionCases = ['quorum loss', 'constrained election', 'chain'] as const
export type PartitionCase = (typeof partitionCases)[number]

export interface Partitioned {
  /** Without an answered put: at the longest, and of the whole time. */
  readonly longest: Milliseconds
  readonly without: Milliseconds
  /** Of the members, those whose own clients had an answer in the last five seconds. */
  readonly served: number
  /** How often somebody began to lead. */
  readonly elections: number
  /** From healing to the next put that is answered. */
  readonly healed: Milliseconds
}

const lastSeconds: Milliseconds = 5000
const patience = 60_000
/** Clients at each member; a pause between two answers that is not longer is service. */
const client = { size: 256, pause: 20 }
const service: Milliseconds = 100

export function measurePartition(
  engine: EngineName,
  of: PartitionCase,
  seed: number,
  lasts: Milliseconds,
): Partitioned {
  const nodes = names(of === 'chain' ? 3 : 5)
  const world = measuredWorld(engine, { seed, nodes })
  const leader = world.begin()
  const hub = nodes.find((id) => id !== leader) ?? leader
  const answeredAt = new Map<NodeId, Milliseconds>()
  let [longest, without] = [0, 0]
  let last: Milliseconds | undefined
  let askedLast = 0
  const served = (at: NodeId | undefined, askedAt: Milliseconds): void => {
    if (at !== undefined) answeredAt.set(at, world.now)
    askedLast = Math.max(askedLast, askedAt)
    if (last === undefined) return
    const gap = world.now - last
    longest = Math.max(longest, gap)
    if (gap > service) without += gap
    last = world.now
  }
  for (const id of nodes) world.clients([id], client, (askedAt) => served(id, askedAt))
  world.run(1000)
  if (of === 'constrained election') {
    // It misses what is decided meanwhile: not for so long that it would campaign.
    for (const id of nodes) if (id !== hub) world.sever(hub, id)
    world.run(500)
    world.cut.clear()
  }
  for (const [a, b] of cutIn(of, leader, hub, nodes)) world.sever(a, b)
  const leaders = world.watchLeaders()
  last = world.now
  world.run(lasts)
  served(undefined, 0)
  last = undefined
  const elections = [...leaders].filter((one) => one !== leader).length
  const healedAt = world.now
  const inTheEnd = [...answeredAt.values()].filter((at) => at > healedAt - lastSeconds).length
  world.cut.clear()
  if (!world.run(patience, () => askedLast >= healedAt)) throw new Error(`seed ${seed}: no service once healed`)
  return { longest, without, served: inTheEnd, elections, healed: world.now - healedAt }
}

/** The links that are cut, both ways. `hub` is the member that keeps a quorum. */
function cutIn(of: PartitionCase, leader: NodeId, hub: NodeId, nodes: readonly NodeId[]): [NodeId, NodeId][] {
  const spokes = nodes.filter((id) => id !== hub)
  const between = pairs(spokes)
  switch (of) {
    // The leader keeps one link, to the only member that still reaches a quorum.
    case 'quorum loss':
      return between
    // That member reaches the other followers, not the leader, and lags behind all of them.
    case 'constrained election':
      return [...between, [hub, leader]]
    // leader - hub - third
    case 'chain':
      return between
  }
}

function pairs(ids: readonly NodeId[]): [NodeId, NodeId][] {
  return ids.flatMap((a, i) => ids.slice(i + 1).map((b): [NodeId, NodeId] => [a, b]))
}
