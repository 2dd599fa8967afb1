import type { Milliseconds, NodeId } from '../core/index.ts'
import type { Tally } from './clients.ts'
import type { Errand, Plan } from './plan.ts'
import type { Answer, Play } from './subject.ts'
import type { Inhabitant, World } from './world.ts'

/**
 * Goes on the errands of a plan: each once, to the first node that it names and that is up, whatever comes of it. Brings the machines that an
 * errand needs into the world, and switches them on.
 */
export class Administrator<Dweller extends Inhabitant, Node> {
  readonly tally: Tally = { ok: 0, rejected: 0, unknown: 0, unsent: 0 }
  /** How often an errand of each type was done. */
  readonly done: Map<string, number> = new Map()
  private readonly world: World<Dweller>
  private readonly play: Play<Dweller, Node>
  private readonly deviations: Plan['deviations']
  /** By then all is over. */
  private readonly end: Milliseconds
  /** Each that was not answered: the node that was asked, in that life. */
  private readonly open = new Set<{ readonly node: NodeId; readonly life: number }>()

  constructor(world: World<Dweller>, play: Play<Dweller, Node>, { duration, deviations }: Plan) {
    this.world = world
    this.play = play
    this.deviations = deviations
    this.end = duration
  }

  expect(errand: Errand): void {
    if (errand.at < this.end) this.world.schedule.at(errand.at, () => this.go(errand))
  }

  /** Somebody who may still answer was asked for something. */
  get isWaiting(): boolean {
    for (const { node, life } of this.open) if (this.world.node(node).lives(life)) return true
    return false
  }

  private go(errand: Errand): void {
    const { world, play } = this
    for (const { id, after } of errand.newcomers) this.welcome(id, after)
    const id = errand.nodes.find((one) => world.isUp(one))
    if (id === undefined || play.administer === undefined) {
      this.tally.unsent++
      return
    }
    const asked = { node: id, life: world.node(id).life }
    this.open.add(asked)
    // Until it is answered.
    this.tally.unknown++
    world.act(id, () => play.administer?.(id, errand.operation, (how) => this.answered(errand, asked, how)))
  }

  private answered({ type }: Errand, asked: { readonly node: NodeId; readonly life: number }, how: Answer): void {
    if (!this.open.delete(asked)) return
    this.tally.unknown--
    this.tally[how]++
    if (how === 'ok') this.done.set(type, (this.done.get(type) ?? 0) + 1)
  }

  private welcome(id: NodeId, after: Milliseconds | null): void {
    const { world } = this
    if (world.nodes.has(id)) return
    const node = world.add(id)
    for (const { link, frame, fate } of this.deviations) {
      if (link.split('>').includes(id) && world.hasLink(link)) world.link(link).planned.set(frame, fate)
    }
    if (after === null || world.now + after >= this.end) return
    world.schedule.after(after, () => {
      if (node.life === 0) world.start(id)
    })
  }
}
