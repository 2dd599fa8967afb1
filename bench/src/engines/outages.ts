import { choose, seeded, type Milliseconds } from 'synod'
import { names } from './cost.ts'
import { measuredWorld, type AnyWorld, type EngineName } from './measured-world.ts'

/** A leader's process dies in a simulated world while clients ask the others. */
export interface OutageCase {
  readonly name: string
  readonly nodes: number
  /** Bytes of a value; each member's client asks for the next one 10 ms after it has its answer. */
  readonly size: number
  /** One of those that stay has heard every heartbeat, but none of the values, for so long. */
  readonly laggedFor: Milliseconds
}

export const outageCases: readonly OutageCase[] = [
  { name: '3 members', nodes: 3, size: 256, laggedFor: 0 },
  { name: '5 members', nodes: 5, size: 256, laggedFor: 0 },
  { name: '3 members, values of 64 KiB', nodes: 3, size: 64 * 1024, laggedFor: 0 },
  { name: '3 members, one of them without the last 500 ms of values', nodes: 3, size: 256, laggedFor: 500 },
]

export interface Outage {
  /** From the death to the first answer to a put that was asked after it. */
  readonly without: Milliseconds
  /** From the death until somebody led. */
  readonly leaderless: Milliseconds
  /** Rounds, or terms, that were used up. */
  readonly terms: number
  /** The one that lagged leads. */
  readonly laggardLeads: boolean
  /** What was sent meanwhile to elect, and by the elected to learn what was chosen. */
  readonly electionFrames: number
  readonly electionBytes: number
}

const pause = 10
/** Frames of heartbeats, votes and answers are smaller, those with a value larger. */
const smallFrame = 200
const patience = 60_000

export function measureOutage(engine: EngineName, { nodes, size, laggedFor }: OutageCase, seed: number): Outage {
  const world = measuredWorld(engine, { seed, nodes: names(nodes) })
  const leader = world.begin()
  const laggard = world.options.nodes.find((id) => id !== leader) ?? leader
  let died = Infinity
  let without: Milliseconds | undefined
  const stop = world.clients(world.options.nodes, { size, pause }, (askedAt) => {
    if (askedAt >= died) without ??= world.now - died
  })
  // The death comes at any time between two heartbeats.
  world.run(1000 + choose(seeded(seed), 1000) / 10)
  if (laggedFor > 0) {
    world.passes = (_from, to, bytes) => to !== laggard || bytes < smallFrame
    world.run(laggedFor)
    world.passes = () => true
  }
  const before = termOf(world)
  if (world.leader() !== leader) throw new Error(`seed ${seed}: the leader was deposed before it was killed`)
  world.taken()
  died = world.now
  world.kill(leader)
  let leaderless: Milliseconds | undefined
  const isOver = (): boolean => {
    if (leaderless === undefined && world.leader() !== undefined) leaderless = world.now - died
    return without !== undefined
  }
  if (!world.run(patience, isOver)) throw new Error(`seed ${seed}: no service within ${patience} ms`)
  stop()
  const { kinds } = world.taken()
  const election = [...kinds].filter(([kind]) => electionKinds.has(kind)).map(([, sent]) => sent)
  return {
    without: without ?? NaN,
    leaderless: leaderless ?? NaN,
    terms: termOf(world) - before,
    laggardLeads: world.leader() === laggard,
    electionFrames: election.reduce((sum, { frames }) => sum + frames, 0),
    electionBytes: election.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

const electionKinds: ReadonlySet<string> = new Set([
  'requestVote',
  'vote',
  'canvass',
  'support',
  'prepare',
  'promise',
  'refused',
  'learn',
  'chosen',
])

function termOf(world: AnyWorld): number {
  return Math.max(...world.options.nodes.map((id) => world.member(id)?.standing.term ?? 0))
}
