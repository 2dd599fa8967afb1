import type { Milliseconds, NodeId } from '../core/index.ts'
import { between, chance, exponential, shuffled, within, type Draws } from './draws.ts'
import type { ClientOperation, Errand } from './plan.ts'
import type { Subject } from './subject.ts'
import type { Inhabitant } from './world.ts'

/** A machine that comes later, and when it is there. */
export interface Newcomer {
  readonly id: NodeId
  readonly from: Milliseconds
}

/** Those of a plan, in the order in which they are switched on; who never is, is left out. */
export function newcomersOf(errands: readonly Errand[]): Newcomer[] {
  return errands
    .flatMap(({ at, newcomers }) =>
      newcomers.map(({ id, after }) => ({ id, from: after === null ? Infinity : at + after })),
    )
    .filter(({ from }) => from < Infinity)
    .toSorted((a, b) => a.from - b.from)
}

/** What an administrator does in a run, from streams of its own: in some runs nothing, in others all the time. */
export function drawErrands<Dweller extends Inhabitant, Node>(
  { administration, pace }: Subject<Dweller, Node>,
  draws: Draws,
  nodes: readonly NodeId[],
  duration: Milliseconds,
  lossy: readonly NodeId[],
): readonly Errand[] {
  const mix = draws.for('swarm: mix of errands')
  if (administration === undefined || !chance(mix, 0.5)) return []
  const lasting = drawLasting(draws, nodes, lossy)
  const every = pace * between(mix, 2, 15)
  const stream = draws.for('swarm: times of errands')
  const times: Milliseconds[] = []
  // Every third comes while the one before it is hardly begun.
  const pause = (): Milliseconds =>
    chance(stream, 1 / 3)
      ? pace * between(stream, 0.001, chance(stream, 0.5) ? 0.03 : 0.5)
      : exponential(stream) * every
  for (let at = exponential(stream) * every; at < duration; at += pause()) times.push(Math.round(at))
  return administration.draw(draws.for('swarm: errands'), times, { nodes, lasting, pace })
}

/**
 * Whatever comes of the errands, in no membership may those whose disks lose what they hold be as many as the others.
 * So one more than there are of them stays for ever; where nobody loses anything, nobody has to.
 */
function drawLasting(draws: Draws, nodes: readonly NodeId[], lossy: readonly NodeId[]): NodeId[] {
  if (lossy.length === 0) return []
  const stream = draws.for('swarm: who stays')
  const sound = nodes.filter((id) => !lossy.includes(id))
  return shuffled(stream, sound).slice(0, within(stream, Math.min(lossy.length + 1, sound.length), sound.length))
}

/** One more client, which asks whoever came later. */
export function drawGuest<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  draws: Draws,
  newcomers: readonly Newcomer[],
  duration: Milliseconds,
): ClientOperation[] {
  const [first] = newcomers
  if (first === undefined) return []
  const stream = draws.for('swarm: guest')
  const every = subject.pace * between(stream, 0.3, 3)
  const operations: ClientOperation[] = []
  for (let at = first.from + exponential(stream) * every; at < duration; at += exponential(stream) * every) {
    const there = newcomers.filter(({ from }) => from < at)
    const node = there[within(stream, 0, there.length - 1)]?.id ?? first.id
    operations.push({ at: Math.round(at), client: 'guest', node, operation: subject.operation(stream) })
  }
  return operations
}
