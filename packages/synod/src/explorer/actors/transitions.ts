import type { NodeId, TimerName } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import { Interner } from '../interner.ts'
import { PairMap } from '../pair-map.ts'
import { Pool } from '../pool.ts'
import { permutations } from '../symmetry.ts'
import { Budget, type Cost } from './budget.ts'
import { Directory } from './directory.ts'
import type { Image, NodeEvent } from './image.ts'
import { Names, NamesMatter, outcomesText, underAllNames } from './names.ts'
import { Stage } from './stage.ts'
import type {
  DurableOf,
  EnvironmentOf,
  MessageOf,
  Output,
  Participant,
  SituationNode,
  StateOf,
  System,
} from './system.ts'

type ImageOf<P extends Participant> = Image<StateOf<P>, MessageOf<P>, DurableOf<P>>

/** Of as many envelopes as there were. Words of bits, each behind its place. */
export interface Died {
  readonly looked: number
  readonly words: readonly number[]
}

/** One outcome of an event at a node, in numbers. */
export interface Transition {
  /** The node's next image. */
  readonly component: number
  /** Envelopes. */
  readonly sends: readonly number[]
  /** What the history may record; -1: nothing. */
  readonly outputs: number
  /** Nothing came of it. */
  readonly idle: boolean
  /** It leads beyond the bounds. */
  readonly beyond: boolean
  /** The messages that can no longer matter after it, once they were asked for. */
  died: Died | undefined
}

/** An event that is no delivery, at one node. */
export interface OwnEvent {
  readonly slot: number
  readonly event: NodeEvent<never>
  /** Undefined: it may happen as often as it likes. */
  readonly cost: Cost | undefined
}

/** One of those at one image, and what comes of it, once it is known. */
export interface Happening {
  readonly number: number
  readonly cost: Cost | undefined
  transitions: readonly Transition[] | undefined
}

interface Component<P extends Participant> {
  readonly slot: number
  readonly image: ImageOf<P>
}

/**
 * The transitions of single nodes: each pair of an image and an event is handed to the production class once, however
 * many states have it. Millions of transitions come of some thousand runs of a handler.
 */
export class Transitions<P extends Participant, Env extends EnvironmentOf<P>, History> {
  readonly envelopes: Directory<MessageOf<P>>
  readonly outputs: Interner<readonly Output[]> = new Interner()
  lookups = 0
  /** Some node has failed somewhere. */
  anyFailed = false
  readonly budget: Budget
  /** All that are not the identity, where nodes may exchange their names. */
  readonly renamings: readonly Names[]
  private readonly system: System<P, Env, History>
  private readonly stages: readonly Stage<P, Env, History>[]
  private readonly components = new Interner<Component<P>>()
  private readonly images = new Pool()
  private readonly views: SituationNode<StateOf<P>>[] = []
  private readonly own = new Interner<OwnEvent>()
  private readonly ownOf: (readonly Happening[])[] = []
  private readonly memo = new PairMap()
  private readonly results: (readonly Transition[])[] = [[]]

  constructor(system: System<P, Env, History>) {
    this.system = system
    this.budget = new Budget(system.bounds ?? {})
    this.envelopes = new Directory(system.nodes)
    const orders = system.symmetric === true ? permutations(system.nodes.length).slice(1) : []
    this.renamings = orders.map((order) => new Names(system.nodes, order, system.sets ?? []))
    this.stages = system.nodes.map((self) => new Stage(system, self))
  }

  get runs(): number {
    return this.stages.reduce((sum, { runs }) => sum + runs, 0)
  }

  get size(): number {
    return this.components.size
  }

  component(slot: number, image: ImageOf<P>): number {
    const { value, text } = this.images.one(image)
    return this.components.number({ slot, image: value }, `${slot} ${text}`)
  }

  image(component: number): ImageOf<P> {
    return this.components.value(component).image
  }

  /** Before its first start. */
  unborn(slot: number): number {
    const image = this.stage(slot).unborn()
    for (const names of this.renamings)
      if (encode(names.image(image)) !== encode(this.stage(names.slot(slot)).unborn()))
        throw new NamesMatter(`symmetry is refused: what ${this.node(slot)} begins with depends on names`)
    return this.component(slot, image)
  }

  view(component: number): SituationNode<StateOf<P>> {
    return (this.views[component] ??= this.viewed(this.components.value(component)))
  }

  private viewed({ slot, image }: Component<P>): SituationNode<StateOf<P>> {
    return this.stage(slot).view(image)
  }

  delivery(component: number, envelope: number): readonly Transition[] {
    this.lookups++
    const known = this.memo.get(component, envelope)
    if (known >= 0) return this.results[known] ?? []
    const { from, message } = this.envelopes.value(envelope)
    return this.run(component, envelope, { type: 'deliver', from, message })
  }

  happening(component: number, own: number): readonly Transition[] {
    this.lookups++
    const known = this.memo.get(component, ~own)
    return known >= 0 ? (this.results[known] ?? []) : this.run(component, ~own, this.own.value(own).event)
  }

  /** The events other than deliveries that may happen at a node. */
  ownEvents(component: number): readonly Happening[] {
    return (this.ownOf[component] ??= this.eventsAt(component))
  }

  /** What comes of one of those. */
  of(own: Happening, component: number): readonly Transition[] {
    if (own.transitions === undefined) own.transitions = this.happening(component, own.number)
    else this.lookups++
    return own.transitions
  }

  ownEvent(own: number): OwnEvent {
    return this.own.value(own)
  }

  /** The first start. */
  births(slot: number): readonly Transition[] {
    const event = { type: 'restart' } as const
    const number = this.own.number({ slot, event, cost: undefined }, encode([slot, event]))
    return this.happening(this.unborn(slot), number)
  }

  private run(component: number, key: number, event: NodeEvent<MessageOf<P>>): readonly Transition[] {
    const { slot, image } = this.components.value(component)
    const { bounds } = this.system
    const outcomes = this.stage(slot).outcomes(image, event)
    this.compareNames(slot, image, event, outcomes)
    const transitions = outcomes.map(({ image: next, sends, outputs }): Transition => {
      const number = this.component(slot, next)
      if (next.phase === 'failed') this.anyFailed = true
      const from = this.node(slot)
      return {
        component: number,
        sends: sends.map(({ to, message }) => this.envelopes.number({ from, to, message })),
        outputs: outputs.length === 0 ? -1 : this.outputs.number(outputs),
        idle: number === component && sends.length === 0 && outputs.length === 0,
        died: undefined,
        beyond: next.phase === 'up' && bounds?.within !== undefined && !this.isWithin(next.state, bounds.within),
      }
    })
    this.memo.set(component, key, this.results.length)
    this.results.push(transitions)
    return transitions
  }

  /**
   * Whether nodes with other names would have done the same under them: under all of them, because the states in which
   * they have those names are never seen.
   */
  private compareNames(
    slot: number,
    image: ImageOf<P>,
    event: NodeEvent<MessageOf<P>>,
    outcomes: Parameters<typeof outcomesText>[0],
  ): void {
    for (const names of this.renamings) {
      const others = this.stage(names.slot(slot)).outcomes(names.image(image), names.in(event))
      if (outcomesText(others) === outcomesText(outcomes, names)) continue
      throw new NamesMatter(
        `symmetry is refused: what ${this.node(slot)} does upon ${encode(event)} depends on names. Is a list of nodes sorted that \`sets\` does not name?`,
      )
    }
  }

  private isWithin(state: StateOf<P>, within: (state: StateOf<P>) => boolean): boolean {
    return underAllNames('`within`', this.renamings, (renamed) => within(renamed(state)))
  }

  private mayFire(timer: TimerName, state: StateOf<P>): boolean {
    const { fires } = this.system.bounds ?? {}
    if (fires === undefined) return true
    return underAllNames('`fires`', this.renamings, (renamed) => fires(renamed(timer), renamed(state)))
  }

  private eventsAt(component: number): Happening[] {
    const { slot, image } = this.components.value(component)
    const { inputs = [] } = this.system.bounds ?? {}
    const { budget } = this
    const events: Omit<OwnEvent, 'slot'>[] = []
    if (image.phase === 'down') events.push({ event: { type: 'restart' }, cost: undefined })
    if (image.phase === 'up') {
      if (image.unsynced.length > 0) events.push({ event: { type: 'sync' }, cost: undefined })
      for (const timer of image.timers)
        if (this.mayFire(timer, image.state))
          events.push({ event: { type: 'timeout', timer }, cost: budget.timer(timer) })
      for (const input of inputs.keys()) events.push({ event: { type: 'input', input }, cost: budget.input(input) })
      if (budget.crash !== undefined) events.push({ event: { type: 'crash' }, cost: budget.crash })
    }
    return events.map(({ event, cost }) => {
      const number = this.own.number({ slot, event, cost }, encode([slot, event]))
      return { number, cost, transitions: undefined }
    })
  }

  private stage(slot: number): Stage<P, Env, History> {
    const stage = this.stages[slot]
    if (stage === undefined) throw new RangeError(`there is no node ${slot}`)
    return stage
  }

  private node(slot: number): NodeId {
    return this.system.nodes[slot] ?? ''
  }
}
