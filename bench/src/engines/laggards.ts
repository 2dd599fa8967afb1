import type { Milliseconds } from 'synod'
import { defaultMemberOptions, type MemberOptions } from 'synod/member'
import { names } from './cost.ts'
import { measuredWorld, type EngineName } from './measured-world.ts'

/** A member of three comes back, and has missed so many commands. */
export interface LaggardCase {
  readonly name: string
  readonly missed: number
  /** `snapshot`: what it missed is compacted by then. `lost`: it was never down, and one value was lost on its way. */
  readonly by: 'log' | 'snapshot' | 'lost'
  /** Others' commands go on while it catches up. */
  readonly busy: boolean
}

export const laggardCases: readonly LaggardCase[] = [
  { name: 'one value was lost, others follow', missed: 1, by: 'lost', busy: true },
  { name: 'one value was lost, the last one', missed: 1, by: 'lost', busy: false },
  { name: 'was down for 100 commands, others follow', missed: 100, by: 'log', busy: true },
  { name: 'was down for 100 commands, the last ones', missed: 100, by: 'log', busy: false },
  { name: 'was down for 5 000 commands, others follow', missed: 5000, by: 'log', busy: true },
  { name: 'was down for 5 000 commands, which are compacted; others follow', missed: 5000, by: 'snapshot', busy: true },
]

export interface Recovery {
  /** From its start, or from the loss, until it has applied what was decided by then. */
  readonly took: Milliseconds
  /** Between it and the others meanwhile, both ways; the puts that go on included. */
  readonly frames: number
  readonly bytes: number
}

const patience = 60_000
const client = { size: 256, pause: 10 }

export function measureRecovery(engine: EngineName, { missed, by, busy }: LaggardCase, seed: number): Recovery {
  const nodes = names(3)
  const world = measuredWorld(engine, { seed, nodes, options: optionsFor(by) })
  const leader = world.begin()
  const laggard = nodes.find((id) => id !== leader) ?? leader
  const applied = (id: string): number => world.member(id)?.applied ?? 0
  let answered = 0
  const stop = world.clients([leader], client, () => void answered++)
  world.run(1000)
  if (by === 'lost') {
    let lost = 0
    world.passes = (_from, to, bytes) => to !== laggard || bytes < 200 || lost++ >= missed
    if (!world.run(patience, () => lost >= missed)) throw new Error(`seed ${seed}: nothing was lost`)
  } else {
    world.kill(laggard)
    const until = answered + missed
    if (!world.run(100 * missed, () => answered >= until)) throw new Error(`seed ${seed}: the load did not go on`)
    world.start(laggard)
  }
  if (!busy) stop()
  // What was lost is not decided yet when it is.
  const { decided = 0, lastIndex = 0 } = world.member(leader)?.standing ?? {}
  const goal = by === 'lost' ? lastIndex : decided
  const began = world.now
  let [frames, bytes] = [0, 0]
  world.passes = (from, to, size) => {
    if (from === laggard || to === laggard) {
      frames++
      bytes += size
    }
    return true
  }
  if (!world.run(patience, () => applied(laggard) >= goal)) throw new Error(`seed ${seed}: it did not catch up`)
  return { took: world.now - began, frames, bytes }
}

function optionsFor(by: LaggardCase['by']): Partial<MemberOptions> {
  const { snapshots } = defaultMemberOptions
  return by === 'snapshot' ? { snapshots: { ...snapshots, entries: 1000, keepEntries: 100 } } : {}
}
