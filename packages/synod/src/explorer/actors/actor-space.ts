import { present, type NodeId } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import { Interner } from '../interner.ts'
import { PairMap } from '../pair-map.ts'
import type { Independence, Property, Space } from '../space.ts'
import { Symmetry } from '../symmetry.ts'
import type { Cost } from './budget.ts'
import { commutation } from './commutation.ts'
import { createNetwork, type Network } from './network.ts'
import { Judge } from './judge.ts'
import { Autopsy, Graveyard } from './graveyard.ts'
import type { Envelope, EnvironmentOf, HistoryFold, MessageOf, Participant, System } from './system.ts'
import { NamesMatter } from './names.ts'
import { Transitions, type Transition } from './transitions.ts'
import { eventText } from './words.ts'

/**
 * Nodes of a production class, and what is under way between them, as a space. A slot for each node, one for the history
 * and one for what was used of the bounds; then what the network needs. Events are numbered: `4e` the delivery of
 * envelope e, `4e + 1` its loss, `4e + 3` its delivery while a copy stays under way, `4o + 2` the event o at a node itself.
 */
export class ActorSpace<P extends Participant, Env extends EnvironmentOf<P>, History> implements Space {
  readonly properties: readonly Property[]
  readonly independence: Independence | undefined
  readonly representative: ((state: Int32Array) => Int32Array) | undefined
  private readonly system: System<P, Env, History>
  private readonly transitions: Transitions<P, Env, History>
  private readonly network: Network
  private readonly judging: Judge<P, Env, History>
  private readonly graveyard: Graveyard<P, Env, History> | undefined
  private readonly autopsy: Autopsy<P, Env, History> | undefined
  private readonly histories = new Interner<History>()
  private readonly recorded = new PairMap()
  private readonly historySlot: number
  private readonly budgetSlot: number
  private readonly bits: number
  private readonly list: number[] = []
  private next: Int32Array
  private beyond = 0

  constructor(system: System<P, Env, History>) {
    const nodes = system.nodes.length
    this.system = system
    this.transitions = new Transitions(system)
    this.historySlot = nodes
    this.budgetSlot = nodes + 1
    const { envelopes } = this.transitions
    const pairs = nodes * nodes
    const slots = createNetwork(system.network, { slot: 0, bits: 0 }, envelopes, pairs).slots
    this.bits = nodes + 2 + slots
    this.network = createNetwork(system.network, { slot: nodes + 2, bits: this.bits }, envelopes, pairs)
    this.judging = new Judge(system, this.transitions, this.histories)
    this.properties = this.judging.properties
    if (system.dead !== undefined) {
      const graveyard = new Graveyard(system, this.transitions, this.bits)
      if (system.prove === true) this.autopsy = new Autopsy(this.transitions, graveyard)
      else this.graveyard = graveyard
    }
    this.next = new Int32Array(this.bits)
    const symmetry = system.symmetric === true ? this.symmetryOf(system) : undefined
    this.representative = symmetry && ((state) => symmetry.canonical(state))
    this.independence = commutation(system, this.transitions)
    if (system.history === undefined) return
    const { initial } = system.history
    this.compareHistories(initial, () => initial)
    this.histories.number(initial)
  }

  get nodes(): readonly NodeId[] {
    return this.system.nodes
  }

  get width(): number {
    return this.bits + (this.system.network === 'ordered' ? 0 : (this.transitions.envelopes.size + 31) >>> 5)
  }

  starts(visit: (state: Int32Array) => void): void {
    const state = new Int32Array(this.width)
    for (const slot of this.system.nodes.keys()) state[slot] = this.transitions.unborn(slot)
    this.startFrom(0, state, (begun) => visit(this.follow(begun, this.system.before ?? [])))
  }

  /** All nodes start before anything else happens, one after the other. */
  private startFrom(slot: number, state: Int32Array, visit: (state: Int32Array) => void): void {
    if (slot === this.system.nodes.length) return visit(state)
    for (const transition of this.transitions.births(slot)) {
      this.begin(state)
      this.apply(slot, transition)
      this.startFrom(slot + 1, this.next.slice(), visit)
    }
  }

  /** Where it leads if these events happen. */
  private follow(begun: Int32Array, events: readonly (readonly string[])[]): Int32Array {
    return events.reduce((state, words) => {
      let found: Int32Array | undefined
      this.expand(state, (next, event) => {
        if (found === undefined && words.every((word) => this.eventText(event).includes(word))) found = next.slice()
      })
      return present(found, `\`before\`: ${words.join(' … ')} can happen`)
    }, begun)
  }

  successors(state: Int32Array, visit: (next: Int32Array, event: number) => void): void {
    const { autopsy } = this
    if (autopsy === undefined) return this.expand(state, visit)
    autopsy.examine(state, this.list.slice(0, this.ready(state)))
    this.expand(state, (next, event) => {
      autopsy.after(next)
      visit(next, event)
    })
  }

  private expand(state: Int32Array, visit: (next: Int32Array, event: number) => void): void {
    const { list, transitions, network } = this
    const { losses = 0 } = this.system.bounds ?? {}
    const countsAll = network.countsAll || this.system.everyDelivery === true
    const count = this.ready(state)
    for (let i = 0; i < count; i++) {
      const envelope = list[i] ?? 0
      const slot = transitions.envelopes.to(envelope)
      const outcomes = transitions.delivery(state[slot] ?? 0, envelope)
      for (let o = 0; o < outcomes.length; o++) {
        const outcome = outcomes[o]
        if (outcome === undefined || (outcome.idle && !countsAll) || this.isBeyond(outcome)) continue
        this.begin(state)
        network.deliver(this.next, envelope)
        this.apply(slot, outcome)
        visit(this.next, 4 * envelope)
      }
    }
    if (losses !== 0) this.lose(state, count, visit)
    if (transitions.budget.duplicate !== undefined) this.duplicate(state, count, transitions.budget.duplicate, visit)
    for (let slot = 0; slot < this.historySlot; slot++) this.happen(state, slot, visit)
  }

  judge(state: Int32Array, open: number): number {
    const sent = this.judging.readsNetwork(open) ? this.underWay(state) : []
    return this.judging.judge(state, open, sent)
  }

  finding(state: Int32Array, property: number): string {
    return this.judging.text(state, property)
  }

  eventText(event: number): string {
    const { transitions } = this
    const number = event >>> 2
    if ((event & 3) === 0) return eventText.delivery(transitions.envelopes.value(number))
    if ((event & 3) === 1) return eventText.loss(transitions.envelopes.value(number))
    if ((event & 3) === 3) return eventText.duplicate(transitions.envelopes.value(number))
    const { slot, event: own } = transitions.ownEvent(number)
    return eventText.own(this.system.nodes[slot] ?? '', own, this.system.bounds?.inputs ?? [])
  }

  /** The node at which an event happens; undefined: at none, a message is lost. */
  actor(event: number): NodeId | undefined {
    const { transitions, system } = this
    if ((event & 3) === 1) return undefined
    const slot = (event & 3) === 0 ? transitions.envelopes.to(event >>> 2) : transitions.ownEvent(event >>> 2).slot
    return system.nodes[slot]
  }

  stateText(state: Int32Array): string {
    const images = this.system.nodes.map((id, slot) => `${id} ${encode(this.transitions.image(state[slot] ?? 0))}`)
    const sent = this.underWay(state).map(({ from, to, message }) => `${from} to ${to} ${encode(message)}`)
    return [...images, ...sent].join('\n')
  }

  leftOut(): readonly string[] {
    const { transitions } = this
    const { bounds = {}, before = [] } = this.system
    const told = transitions.budget.leftOut()
    if (before.length > 0)
      told.push(`runs that begin otherwise than: ${before.map((words) => words.join(' … ')).join('; ')}`)
    if (this.beyond > 0) told.push(`${this.beyond} transitions beyond ${bounds.withinText ?? 'the bound on states'}`)
    if (bounds.crashes === undefined || bounds.crashes === 0) told.push('crashes')
    if (bounds.losses === undefined)
      told.push('losses, but for this: a message that is never delivered is as good as lost')
    if (this.system.network !== 'duplicating' && transitions.budget.duplicate === undefined)
      told.push('messages that arrive twice')
    if (bounds.firesText !== undefined) told.push(bounds.firesText)
    if (this.system.sync === 'at once') told.push('disks that are late: what is persisted is durable at once')
    return told
  }

  statistics(): Readonly<Record<string, number>> {
    const { runs, lookups, size, envelopes } = this.transitions
    return {
      'handler runs': runs,
      transitions: lookups,
      'node states': size,
      messages: envelopes.size,
      histories: this.histories.size,
      situations: this.judging.situations,
    }
  }

  /** Envelopes that may be delivered, in `list`. */
  private ready(state: Int32Array): number {
    const { list, transitions } = this
    const count = this.network.ready(state, list)
    const { deliveryOrder } = this.system
    if (deliveryOrder === undefined) return count
    const { envelopes } = transitions
    const sorted = list.slice(0, count).toSorted((a, b) => deliveryOrder(envelopes.value(a), envelopes.value(b)))
    for (const [i, envelope] of sorted.entries()) list[i] = envelope
    return count
  }

  private happen(state: Int32Array, slot: number, visit: (next: Int32Array, event: number) => void): void {
    const { transitions, budgetSlot } = this
    const component = state[slot] ?? 0
    const own = transitions.ownEvents(component)
    for (let i = 0; i < own.length; i++) {
      const happening = own[i]
      if (happening === undefined) continue
      const { number, cost } = happening
      if (cost !== undefined && !transitions.budget.affords(state[budgetSlot] ?? 0, cost)) continue
      const outcomes = transitions.of(happening, component)
      for (let o = 0; o < outcomes.length; o++) {
        const outcome = outcomes[o]
        if (outcome === undefined || outcome.idle || this.isBeyond(outcome)) continue
        this.begin(state)
        if (cost !== undefined) this.next[budgetSlot] = (this.next[budgetSlot] ?? 0) + (1 << cost.shift)
        // What a node says to itself is in its memory.
        if (cost === transitions.budget.crash && cost !== undefined)
          this.network.losePair(this.next, slot * this.historySlot + slot)
        this.apply(slot, outcome)
        visit(this.next, 4 * number + 2)
      }
    }
  }

  private lose(state: Int32Array, count: number, visit: (next: Int32Array, event: number) => void): void {
    const { budget } = this.transitions
    const cost = budget.loss
    if (cost !== undefined && count > 0 && !budget.affords(state[this.budgetSlot] ?? 0, cost)) return
    for (let i = 0; i < count; i++) {
      const envelope = this.list[i] ?? 0
      this.begin(state)
      this.network.lose(this.next, envelope)
      if (cost !== undefined) this.next[this.budgetSlot] = (this.next[this.budgetSlot] ?? 0) + (1 << cost.shift)
      visit(this.next, 4 * envelope + 1)
    }
  }

  /** Deliveries of which the message stays under way. */
  private duplicate(
    state: Int32Array,
    count: number,
    cost: Cost,
    visit: (next: Int32Array, event: number) => void,
  ): void {
    const { transitions, budgetSlot } = this
    if (count > 0 && !transitions.budget.affords(state[budgetSlot] ?? 0, cost)) return
    for (const envelope of this.list.slice(0, count)) {
      const slot = transitions.envelopes.to(envelope)
      for (const outcome of transitions.delivery(state[slot] ?? 0, envelope)) {
        if (outcome.idle || this.isBeyond(outcome)) continue
        this.begin(state)
        this.next[budgetSlot] = (this.next[budgetSlot] ?? 0) + (1 << cost.shift)
        this.apply(slot, outcome)
        visit(this.next, 4 * envelope + 3)
      }
    }
  }

  private isBeyond({ beyond }: Transition): boolean {
    if (beyond) this.beyond++
    return beyond
  }

  /** The next state begins as this one. */
  private begin(state: Int32Array): void {
    if (this.next.length < this.width) this.next = new Int32Array(this.width)
    const { next } = this
    // For some ten numbers a loop is faster than a call of `set` and one of `fill`.
    const known = Math.min(state.length, next.length)
    for (let i = 0; i < known; i++) next[i] = state[i] ?? 0
    for (let i = known; i < next.length; i++) next[i] = 0
  }

  private apply(slot: number, transition: Transition): void {
    const { component, sends, outputs } = transition
    const before = this.next[slot] ?? 0
    this.next[slot] = component
    if (outputs >= 0) this.record(outputs)
    const { graveyard, network } = this
    if (graveyard !== undefined) graveyard.bury(this.next, before, transition)
    for (let i = 0; i < sends.length; i++) {
      const envelope = sends[i] ?? 0
      const isDead = graveyard?.has(this.next, envelope) === true
      if (!isDead) this.next = network.put(this.next, envelope)
    }
  }

  private record(outputs: number): void {
    if (this.system.history === undefined) return
    const before = this.next[this.historySlot] ?? 0
    const after = this.recorded.get(before, outputs)
    this.next[this.historySlot] = after < 0 ? this.fold(this.system.history, before, outputs) : after
  }

  private fold(history: HistoryFold<History>, before: number, outputs: number): number {
    const [told, past] = [this.transitions.outputs.value(outputs), this.histories.value(before)]
    const record = (renamed: <T>(value: T) => T): History => renamed(told).reduce(history.record, renamed(past))
    const recorded = record((value) => value)
    this.compareHistories(recorded, record)
    const after = this.histories.number(recorded)
    this.recorded.set(before, outputs, after)
    return after
  }

  /** Whether the history of nodes with other names is the same under them. */
  private compareHistories(told: History, under: (renamed: <T>(value: T) => T) => History): void {
    for (const names of this.transitions.renamings)
      if (encode(under((value) => names.in(value))) !== encode(names.in(told)))
        throw new NamesMatter('symmetry is refused: what the history records depends on names')
  }

  /** All orders of the nodes. */
  private symmetryOf({ network }: System<P, Env, History>): Symmetry {
    if (network !== 'set' && network !== 'multiset') throw new RangeError(`no symmetry where the network is ${network}`)
    const { transitions, histories, historySlot } = this
    const renamings = transitions.renamings.map((names) => {
      return {
        slot: (slot: number) => names.slot(slot),
        component: (number: number, slot: number) => {
          if (slot < historySlot) return transitions.component(names.slot(slot), names.image(transitions.image(number)))
          if (slot > historySlot || histories.size === 0) return number
          return histories.number(names.in(histories.value(number)))
        },
        item: (envelope: number) => transitions.envelopes.renamed(envelope, names),
      }
    })
    return new Symmetry(this.bits, renamings)
  }

  private underWay(state: Int32Array): Envelope<MessageOf<P>>[] {
    const list: number[] = []
    const count = this.network.ready(state, list)
    return list.slice(0, count).map((envelope) => this.transitions.envelopes.value(envelope))
  }
}
