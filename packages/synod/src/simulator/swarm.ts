import { choose, random, type Milliseconds, type NodeId, type RandomState } from '../core/index.ts'
import { between, chance, Draws, exponential, pick, shuffled, within, type Duration } from './draws.ts'
import { drawErrands, drawGuest, newcomersOf, type Newcomer } from './errands.ts'
import { hardOnDisks, lossyNodes, partitionShapes, type Fault, type FaultType, type PartitionShape } from './faults.ts'
import type { ClientOperation, Plan } from './plan.ts'
import type { Subject } from './subject.ts'
import type { Inhabitant } from './world.ts'

/** What a seed leaves open may be fixed. */
export interface SwarmOptions {
  readonly nodes?: number
  /** How long the faults go on; otherwise drawn. */
  readonly duration?: Milliseconds
  /** The clients' operations a second, all together; otherwise drawn. */
  readonly load?: number
  /** None of these; `errands`: nothing that an administrator does; `all`: a quiet world. */
  readonly without?: readonly (FaultType | 'errands')[] | 'all'
}

const names = 'abcdefghijklmnopqrstuvwxyz'

/** Every kind of fault, and how many of its kind are drawn in a usual minute at pace 1000, if it is drawn at all. */
const kinds: Readonly<Record<FaultType, number>> = {
  partition: 12,
  loss: 4,
  duplication: 4,
  corruption: 4,
  reordering: 4,
  latency: 6,
  drift: 3,
  jump: 5,
  slow: 4,
  stall: 8,
  crash: 10,
  powerCut: 10,
  blackout: 3,
  wipe: 0.7,
  bitFlip: 3,
  misdirectedWrite: 3,
  failingSync: 3,
  fullDisk: 4,
  stalledDisk: 6,
  slowDisk: 6,
  // The kinds are drawn in this order: what comes later changes nothing that a seed drew before, where it is not drawn itself.
  unreadable: 3,
}

const faultTypes = Object.keys(kinds) as FaultType[]

/**
 * A disk that loses what was not synced and damages what was leaves nothing by which to tell the one from the other
 * (docs/guarantees.md): a node has either the one trouble or the other.
 */
const needsPower: ReadonlySet<FaultType> = new Set(['powerCut'])
const ofDisks: ReadonlySet<FaultType> = new Set([
  ...hardOnDisks,
  'powerCut',
  'blackout',
  'failingSync',
  'fullDisk',
  'stalledDisk',
  'slowDisk',
])

/**
 * The plan of a seed. A swarm is better than one good mix: each seed draws which faults there are at all, how many of
 * them, how many nodes, how much load and how fast, so that no fault hides what another one would have shown
 * (Groce and others, ISSTA 2012).
 */
export function drawPlan<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  seed: number,
  options: SwarmOptions = {},
): Plan {
  const draws = new Draws(seed)
  const shape = draws.for('swarm: the cluster')
  const size = options.nodes ?? pick(shape, subject.sizes)
  const nodes = Array.from({ length: size }, (_, i) => names[i] ?? `n${i}`)
  const duration = options.duration ?? Math.round(subject.pace * between(shape, 30, 120))
  const times = draws.for('swarm: times')
  const { without = [] } = options
  const whole = without === 'all' ? [] : drawFaults(subject, draws, nodes, duration)
  // Whichever faults are left out, the errands are the same.
  const errands =
    without === 'all' || without.includes('errands')
      ? []
      : drawErrands(subject, draws, nodes, duration, lossyNodes(whole))
  const newcomers = newcomersOf(errands)
  const faults = [...whole, ...drawFaultsOfNewcomers(draws, whole, nodes, newcomers, { pace: subject.pace, duration })]
  return {
    protocol: subject.name,
    seed,
    nodes,
    settings: subject.settings(draws.for('swarm: settings'), nodes),
    latency: pick<Duration>(times, [
      { kind: 'uniform', min: 0.1, max: rounded(subject.pace * between(times, 0.001, 0.02)) },
      { kind: 'exponential', min: 0.1, mean: rounded(subject.pace * between(times, 0.001, 0.01)) },
      { kind: 'stragglers', min: 0.1, max: rounded(subject.pace / 200), straggle: rounded(subject.pace * 0.2) },
    ]),
    diskTime: { kind: 'uniform', min: 0.05, max: 0.5 },
    syncTime: pick<Duration>(times, [
      { kind: 'uniform', min: 0.1, max: 2 },
      { kind: 'exponential', min: 0.2, mean: rounded(subject.pace / 200) },
    ]),
    skew: Object.fromEntries(
      chance(times, 0.5) ? nodes.map((id) => [id, Math.round(between(times, 0, 1e7))] as const) : [],
    ),
    operations: byTime([
      ...drawOperations(subject, draws, nodes, duration, options.load),
      ...drawGuest(subject, draws, newcomers, duration),
    ]),
    faults: byTime(
      faults.filter(({ type }) => !without.includes(type) && (subject.faults ?? faultTypes).includes(type)),
    ),
    errands,
    deviations: [],
    duration,
    patience: subject.pace * 40,
  }
}

function rounded(time: Milliseconds): Milliseconds {
  return Math.ceil(time * 10) / 10
}

function drawOperations<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  draws: Draws,
  nodes: readonly NodeId[],
  duration: Milliseconds,
  load: number | undefined,
): ClientOperation[] {
  const stream = draws.for('swarm: load')
  const clients = within(stream, 1, 6)
  const everyMs = (1000 * clients) / (load ?? between(stream, 0.5, 20) * (1000 / subject.pace))
  const operations: ClientOperation[] = []
  for (let i = 0; i < clients; i++) {
    const client = `client${i + 1}`
    const own = draws.for(`swarm: ${client}`)
    for (let at = exponential(own) * everyMs; at < duration; at += exponential(own) * everyMs) {
      operations.push({ at: Math.round(at), client, node: pick(own, nodes), operation: subject.operation(own) })
    }
  }
  return operations
}

function drawFaults<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  draws: Draws,
  nodes: readonly NodeId[],
  duration: Milliseconds,
): Fault[] {
  const mix = draws.for('swarm: mix of faults')
  const frail = shuffled(mix, nodes).slice(0, subject.frail(nodes.length))
  const intensity = between(mix, 0.3, 2)
  const others = nodes.filter((id) => !frail.includes(id))
  const faults: Fault[] = []
  for (const type of faultTypes) {
    // Drawn for each kind, whether or not there is anything that it could happen to.
    const wanted = chance(mix, 0.4)
    const victims = hardOnDisks.has(type) ? frail : needsPower.has(type) ? others : nodes
    if (!wanted || victims.length === 0 || (ofDisks.has(type) && !subject.durable)) continue
    const stream = draws.for(`swarm: ${type}`)
    const every = (60 * subject.pace) / (kinds[type] * intensity)
    for (let at = exponential(stream) * every; at < duration; at += exponential(stream) * every) {
      faults.push(...drawFault(stream, type, Math.round(at), { nodes, victims, frail, pace: subject.pace }))
    }
  }
  return faults
}

/** Whoever comes later meets faults of the kinds that the run has, but for the loss of its disk, with the others or alone. */
function drawFaultsOfNewcomers(
  draws: Draws,
  faults: readonly Fault[],
  nodes: readonly NodeId[],
  newcomers: readonly Newcomer[],
  { pace, duration }: { readonly pace: Milliseconds; readonly duration: Milliseconds },
): Fault[] {
  const drawn: Fault[] = []
  if (newcomers.length === 0) return drawn
  for (const type of new Set(faults.map((fault) => fault.type))) {
    // A blackout is everywhere by itself.
    if (hardOnDisks.has(type) || type === 'blackout') continue
    const stream = draws.for(`swarm: ${type} with newcomers`)
    const every = (60 * pace) / (kinds[type] * between(stream, 0.3, 2))
    for (let at = exponential(stream) * every; at < duration; at += exponential(stream) * every) {
      const there = newcomers.filter(({ from }) => from < at).map(({ id }) => id)
      if (there.length === 0) continue
      drawn.push(
        ...drawFault(stream, type, Math.round(at), { nodes: [...nodes, ...there], victims: there, frail: [], pace }),
      )
    }
  }
  return drawn
}

function byTime<Event extends { readonly at: Milliseconds }>(events: readonly Event[]): Event[] {
  return events.toSorted((a, b) => a.at - b.at)
}

interface Surroundings {
  readonly nodes: readonly NodeId[]
  readonly victims: readonly NodeId[]
  readonly frail: readonly NodeId[]
  readonly pace: Milliseconds
}

function drawFault(
  stream: RandomState,
  type: FaultType,
  at: Milliseconds,
  { nodes, victims, frail, pace }: Surroundings,
): Fault[] {
  const spell = { at, for: Math.round(pace * (0.1 + 3 * exponential(stream))) }
  const node = pick(stream, victims)
  const onNode = { ...spell, node }
  const onSomeLinks = (fault: (links: readonly string[]) => Fault): Fault[] => {
    const links = someLinks(stream, nodes)
    return links.length === 0 ? [] : [fault(links)]
  }
  switch (type) {
    case 'partition': {
      if (nodes.length < 2) return []
      const [shape, links] = drawPartition(stream, nodes)
      return links.length === 0 ? [] : [{ type, ...spell, shape, links }]
    }
    case 'loss':
    case 'duplication':
    case 'corruption':
      return onSomeLinks((links) => ({ type, ...spell, share: Math.round(between(stream, 1, 40)) / 100, links }))
    case 'reordering':
      return onSomeLinks((links) => ({ type, ...spell, links }))
    case 'latency':
      return onSomeLinks((links) => ({
        type,
        ...spell,
        latency: { kind: 'exponential', min: 0.1, mean: rounded(pace * between(stream, 0.02, 0.5)) },
        links,
      }))
    case 'drift':
      return [{ type, ...onNode, rate: Math.round(1000 * between(stream, 0.8, 1.25)) / 1000 }]
    case 'jump':
      return [{ type, at, node, by: Math.round(pace * between(stream, 0.1, 5)) }]
    case 'slow':
      return [{ type, ...onNode, turn: rounded(pace * between(stream, 0.001, 0.01)) }]
    case 'powerCut':
      return [{ type, ...onNode, operations: chance(stream, 0.7) ? within(stream, 1, 12) : 0 }]
    case 'bitFlip':
      return [{ type, ...onNode, flips: within(stream, 1, 8) }]
    case 'unreadable':
      return [{ type, ...onNode, blocks: within(stream, 1, 3) }]
    case 'fullDisk':
      return [{ type, ...onNode, spare: choose(stream, 20_000) }]
    case 'slowDisk':
      return [{ type, ...onNode, syncTime: rounded(pace * between(stream, 0.02, 2)) }]
    case 'blackout':
      return [{ type, ...spell, except: frail }]
    case 'stall':
    case 'crash':
    case 'wipe':
    case 'misdirectedWrite':
    case 'failingSync':
    case 'stalledDisk':
      return [{ type, ...onNode }]
  }
}

/** One link, all from or to one node, or all there are; none in a world of one node. */
function someLinks(stream: RandomState, nodes: readonly NodeId[]): string[] {
  const all = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => `${from}>${to}`))
  if (all.length === 0) return []
  const node = pick(stream, nodes)
  const one = pick(stream, all)
  const near = all.filter((link) => link.startsWith(`${node}>`) || link.endsWith(`>${node}`))
  return pick(stream, [[one], near, all])
}

/** All links between different groups; who is in none is alone. */
function linksBetween(groups: readonly (readonly NodeId[])[]): string[] {
  return groups.flatMap((group, i) =>
    groups.flatMap((other, j) => (i === j ? [] : group.flatMap((from) => other.map((to) => `${from}>${to}`)))),
  )
}

function drawPartition(stream: RandomState, nodes: readonly NodeId[]): [PartitionShape, string[]] {
  const order = shuffled(stream, nodes)
  const [one = '', ...rest] = order
  const half = within(stream, 1, Math.max(1, order.length - 1))
  const away = rest.map((other) => `${one}>${other}`)
  const towards = rest.map((other) => `${other}>${one}`)
  const shape = pick<PartitionShape>(stream, partitionShapes)
  switch (shape) {
    case 'halves':
      return [shape, linksBetween([order.slice(0, half), order.slice(half)])]
    case 'isolated':
      return [shape, [...away, ...towards]]
    case 'deaf':
      return [shape, towards]
    case 'mute':
      return [shape, away]
    // Only one server is connected to all others, which do not see each other.
    case 'quorumLoss':
      return [shape, linksBetween(rest.map((id) => [id]))]
    // So, and the old leader, which may be any of them, is cut off from it, too.
    case 'constrained': {
      const [old = '', ...others] = rest
      return [shape, [...linksBetween([...others, old].map((id) => [id])), `${one}>${old}`, `${old}>${one}`]]
    }
    case 'chained':
      return [
        shape,
        order.flatMap((from, i) => order.filter((_, j) => Math.abs(i - j) > 1).map((to) => `${from}>${to}`)),
      ]
    case 'random': {
      const density = random(stream)
      return [
        shape,
        nodes.flatMap((from) =>
          nodes.filter((to) => to !== from && chance(stream, density)).map((to) => `${from}>${to}`),
        ),
      ]
    }
  }
}
