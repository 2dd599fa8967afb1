import type { NodeId } from 'synod'
import { measuredWorld, type AnyWorld, type EngineName, type Tally } from './measured-world.ts'

/** What a kind of load costs in a world where nothing goes wrong. */
export interface CostCase {
  readonly name: string
  readonly nodes: number
  readonly clients: number
  /** Whom they ask. */
  readonly at: 'leader' | 'follower'
  readonly operation: 'put' | 'get'
}

export const costCases: readonly CostCase[] = [
  { name: 'put, 3 members, one client at the leader', nodes: 3, clients: 1, at: 'leader', operation: 'put' },
  { name: 'put, 3 members, one client at a follower', nodes: 3, clients: 1, at: 'follower', operation: 'put' },
  { name: 'put, 3 members, 64 clients at the leader', nodes: 3, clients: 64, at: 'leader', operation: 'put' },
  { name: 'put, 5 members, one client at the leader', nodes: 5, clients: 1, at: 'leader', operation: 'put' },
  { name: 'get, 3 members, one client at the leader', nodes: 3, clients: 1, at: 'leader', operation: 'get' },
  { name: 'get, 3 members, one client at a follower', nodes: 3, clients: 1, at: 'follower', operation: 'get' },
]

/** Of each operation. */
export interface Cost {
  readonly frames: number
  readonly bytes: number
  readonly syncs: number
  readonly milliseconds: number
  /** Frames by what is in them. */
  readonly kinds: ReadonlyMap<string, number>
}

export function names(count: number): NodeId[] {
  return Array.from({ length: count }, (_, i) => `n${i + 1}`)
}

export function measureCost(engine: EngineName, of: CostCase, operations: number): Cost {
  const world = measuredWorld(engine, { seed: 1, nodes: names(of.nodes) })
  const leader = world.begin()
  world.watchDisks()
  const at = of.at === 'leader' ? leader : (world.options.nodes.find((id) => id !== leader) ?? leader)
  repeat(world, of, at, Math.ceil(operations / 10))
  world.taken()
  const began = world.now
  repeat(world, of, at, operations)
  return perOperation(world.taken(), operations, world.now - began)
}

/** Each client has one operation under way. */
function repeat(world: AnyWorld, { clients, operation }: CostCase, at: NodeId, operations: number): void {
  let asked = 0
  let answered = 0
  const ask = (): void => {
    if (asked === operations) return
    asked++
    const done = (ok: boolean): void => {
      if (!ok) throw new Error('an operation failed in a world where nothing goes wrong')
      answered++
      world.schedule.after(0, ask)
    }
    if (operation === 'put') world.put(at, 256, done)
    else world.get(at, done)
  }
  for (let client = 0; client < clients; client++) world.schedule.after(0, ask)
  if (!world.run(60 * operations, () => answered === operations))
    throw new Error(`${answered} of ${operations} answered`)
}

function perOperation(tally: Tally, operations: number, took: number): Cost {
  return {
    frames: tally.frames / operations,
    bytes: tally.bytes / operations,
    syncs: tally.syncs / operations,
    milliseconds: took / operations,
    kinds: new Map([...tally.kinds].map(([kind, { frames }]) => [kind, frames / operations])),
  }
}
