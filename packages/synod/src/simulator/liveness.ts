import { choose, type Milliseconds, type NodeId } from '../core/index.ts'
import type { Play } from './subject.ts'
import type { LinkTrouble } from './virtual-link.ts'
import type { Inhabitant, World } from './world.ts'

export interface Demand<Dweller extends Inhabitant, Node> {
  readonly world: World<Dweller>
  readonly play: Play<Dweller, Node>
  readonly patience: Milliseconds
  /** Something that an administrator asked for may still begin. */
  underWay(): boolean
  /** Runs the world; true: `done` said so. */
  advance(duration: Milliseconds, done: () => boolean): boolean
  violation(message: string): void
}

/**
 * After the faults: a core, a quorum whose links among themselves are up both ways and whose disks hold what was
 * committed, must get on within a bound, whatever the nodes outside it do. They stay faulty: dead, deaf, mute, or all
 * but cut off. That much is fair to ask of a protocol that assumes partial synchrony: messages within the core arrive
 * in time from now on, and nothing else is assumed.
 *
 * Until the core is chosen nobody hears anybody: what a cluster that is whole would do in the meantime must not be what
 * gets it on. And there is a core, unless the plan itself has taken too many away for good.
 */
export function demandProgress<Dweller extends Inhabitant, Node>(
  demand: Demand<Dweller, Node>,
): { readonly core: readonly NodeId[]; readonly took: Milliseconds } | undefined {
  const { world, play, patience } = demand
  for (const node of world.nodes.values()) {
    if (node.halted?.code === 'disk') world.start(node.id)
  }
  const silence = new Silence(world)
  // Whoever was just started reads its disk first: what it holds is not known before.
  demand.advance(patience / 10, () => false)
  // Who takes part is the administrator's to say: while that may still change, nobody can tell what a core is.
  if (demand.underWay()) {
    if (!demand.advance(patience, () => !demand.underWay())) {
      demand.violation(`what an administrator asked for was not answered within ${patience} ms, by a node that is up`)
      return undefined
    }
    // What was sent last arrives.
    demand.advance(patience / 40, () => false)
  }
  // A disk that was exchanged for an empty one is never again what it was.
  const lasting = [...world.nodes.values()].filter(({ disk }) => !disk.suffered.has('wipe'))
  const candidates = lasting.filter(({ member, halted }) => member !== undefined && halted === undefined)
  const core = play.core(candidates.map(({ id }) => id))
  if (core === undefined) {
    const missing = lasting.filter(({ id, life }) => life > 0 && !play.takesPart(id))
    const waits = missing.filter(({ id }) => !play.mayBeMissing(id)).map(({ id }) => `${id} ${play.waitsFor(id)}`)
    if (waits.length > 0)
      demand.violation(`no core can get on, ${patience / 10} ms after all faults: ${waits.join('; ')}`)
    return undefined
  }
  // A machine that was never switched on is no part of it.
  const outside = [...world.nodes.values()].flatMap(({ id, life }) => (life === 0 || core.includes(id) ? [] : [id]))
  const troubles = outside.map((id) => `${id} ${keepFaulty(world, id, core)}`)
  silence.end()
  const began = world.now
  // Whether it has settled is looked at after events: where nothing goes on by itself, this is the first one.
  world.schedule.after(0, () => undefined)
  if (demand.advance(patience, () => play.settled(core))) return { core, took: world.now - began }
  const waits = core.map((id) => `${id} ${play.waitsFor(id)}`)
  demand.violation(
    `the core ${core.join(', ')} did not get on within ${patience} ms, with all links among them up` +
      `${outside.length === 0 ? '' : ` (outside: ${troubles.join('; ')})`}: ${waits.join('; ')}`,
  )
  return undefined
}

/** Every link is cut, both ways, until it ends. */
class Silence<Dweller extends Inhabitant> {
  private readonly world: World<Dweller>
  private readonly links: readonly string[]
  private readonly trouble: LinkTrouble = { cut: true }

  constructor(world: World<Dweller>) {
    this.world = world
    const ids = [...world.nodes.keys()]
    this.links = ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => `${from}>${to}`))
    for (const link of this.links) world.link(link).impose(this.trouble)
  }

  end(): void {
    for (const link of this.links) this.world.link(link).lift(this.trouble)
  }
}

/** Drawn from a stream of its own; says what it was. */
function keepFaulty<Dweller extends Inhabitant>(world: World<Dweller>, id: NodeId, core: readonly NodeId[]): string {
  const stream = world.draws.for(`what stays wrong with ${id}`)
  const impose = (links: readonly string[], trouble: LinkTrouble): void => {
    for (const link of links) world.link(link).impose(trouble)
  }
  const [away, towards] = [core.map((other) => `${id}>${other}`), core.map((other) => `${other}>${id}`)]
  switch (choose(stream, 5)) {
    case 0:
      if (world.node(id).member !== undefined) world.kill(id)
      return 'is dead'
    case 1:
      impose(away, { cut: true })
      return 'is not heard'
    case 2:
      impose(towards, { cut: true })
      return 'does not hear'
    case 3:
      impose([...away, ...towards], { loss: 0.8 })
      return 'loses most of what it says and hears'
    default:
      impose(away.slice(1), { cut: true })
      impose(towards.slice(1), { cut: true })
      return `is connected to ${core[0]} only`
  }
}
