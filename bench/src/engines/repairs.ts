import type { Milliseconds } from 'synod'
import { names } from './cost.ts'
import { measuredWorld, type EngineName } from './measured-world.ts'

/** Of five members, one finds a record in the middle of its journal that it cannot read, while clients ask the others. */
export interface RepairCase {
  readonly name: string
  /** Of the other members, so many are down. */
  readonly down: number
}

export const repairCases: readonly RepairCase[] = [
  { name: 'all others are up', down: 0 },
  { name: 'one of the others is down', down: 1 },
]

export interface Repaired {
  /** From its start until it is whole and level; undefined: it is neither while the others stay down. */
  readonly took: Milliseconds | undefined
  readonly bytes: number
}

const patience = 20_000
const client = { size: 256, pause: 10 }
/** They fill some three times as many bytes of the journal: behind the damage there is much that can be read. */
const commands = 500
const damagedAt = 64 * 1024

export function measureRepair(engine: EngineName, { down }: RepairCase, seed: number): Repaired {
  const nodes = names(5)
  const world = measuredWorld(engine, { seed, nodes })
  const leader = world.begin()
  const [damaged = leader, ...others] = nodes.filter((id) => id !== leader)
  let answered = 0
  world.clients([leader], client, () => void answered++)
  if (!world.run(100 * commands, () => answered >= commands)) throw new Error(`seed ${seed}: the load did not go on`)
  world.kill(damaged)
  for (const id of others.slice(0, down)) world.kill(id)
  world.node(damaged).disk.corrupt('journal-0000000001', damagedAt, 1)
  const isRepairing = (): boolean | undefined => world.member(damaged)?.standing.repairing
  const goal = world.member(leader)?.standing.decided ?? 0
  let bytes = 0
  world.passes = (from, to, size) => {
    if (from === damaged || to === damaged) bytes += size
    return true
  }
  const began = world.now
  world.start(damaged)
  if (!world.run(patience, () => isRepairing() === true)) throw new Error(`seed ${seed}: no damage was noticed`)
  const isWhole = world.run(patience, () => isRepairing() === false && (world.member(damaged)?.applied ?? 0) >= goal)
  return { took: isWhole ? world.now - began : undefined, bytes }
}
