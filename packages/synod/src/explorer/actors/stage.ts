import { AssertionFailed, type Environment, type NodeId, type TimerName } from '../../core/index.ts'
import { copy, encode } from '../encoding.ts'
import { unordered, type Image, type NodeEvent, type Outcome, type Outgoing } from './image.ts'
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
type OutcomeOf<P extends Participant> = Outcome<StateOf<P>, MessageOf<P>, DurableOf<P>>
type Up<P extends Participant> = Extract<ImageOf<P>, { phase: 'up' }>

/** Where what is broken by a handler itself is told. */
export const failedAssertion = 'assertions'

/**
 * One node's production class, with an environment that writes down what it asks for. A state is put in, a handler is
 * run, and what came of it is taken out; the class never knows of the states in between.
 */
export class Stage<P extends Participant, Env extends EnvironmentOf<P>, History> {
  private readonly system: System<P, Env, History>
  private readonly self: NodeId
  private readonly environment: Recorder<P>
  private readonly node: P
  private readonly blank: StateOf<P>
  /** How often a handler was run. */
  runs = 0

  constructor(system: System<P, Env, History>, self: NodeId) {
    this.system = system
    this.self = self
    this.environment = new Recorder<P>(self, system.abilities ?? [])
    // The abilities are added by name: that they are all there, the type of `abilities` cannot say.
    const environment: EnvironmentOf<P> = this.environment
    this.node = system.make(environment as Env, self)
    this.blank = copy(this.node.state)
  }

  /** Before its first start. */
  unborn(): ImageOf<P> {
    return { phase: 'down', durable: this.folded(this.blank, this.system.bootstrap?.(this.node) ?? []) }
  }

  /** What comes of an event: one outcome for each side on which its coins may fall. */
  outcomes(image: ImageOf<P>, event: NodeEvent<MessageOf<P>>): OutcomeOf<P>[] {
    if (image.phase === 'failed') return []
    if (event.type === 'restart') return this.handled(this.awake(image.durable), event)
    if (image.phase === 'down') return []
    if (event.type === 'crash') return this.powerLost(image)
    if (event.type === 'sync') return [this.judged(image, { ...this.synced(image), outputs: [] }, event)]
    return this.handled(image, event)
  }

  /** As properties see it. */
  view(image: ImageOf<P>): SituationNode<StateOf<P>> {
    const up = image.phase === 'up'
    return { id: this.self, up, state: up ? image.state : image.durable, durable: image.durable }
  }

  private awake(durable: StateOf<P>): Up<P> {
    return { phase: 'up', state: durable, timers: [], durable, unsynced: [], held: [] }
  }

  private synced(image: Up<P>): { image: Up<P>; sends: readonly Outgoing<MessageOf<P>>[] } {
    const durable = this.folded(image.durable, image.unsynced)
    return { image: { ...image, durable, unsynced: [], held: [] }, sends: image.held }
  }

  /** What was not synced is durable up to some record, or not at all: disks write in order. */
  private powerLost({ durable, unsynced }: Up<P>): OutcomeOf<P>[] {
    const disks = new Map([[encode(durable), durable]])
    for (let count = 1; count <= unsynced.length; count++) {
      const disk = this.folded(durable, unsynced.slice(0, count))
      disks.set(encode(disk), disk)
    }
    return [...disks.values()].map((disk) => ({ image: { phase: 'down', durable: disk }, sends: [], outputs: [] }))
  }

  /** As a restart would read it. */
  private folded(durable: StateOf<P>, records: readonly DurableOf<P>[]): StateOf<P> {
    if (records.length === 0) return durable
    const { node } = this
    node.state = copy(durable)
    for (const record of records) node.restore(copy(record))
    return copy(node.state)
  }

  /** Runs the handler once for each side on which its coins may fall: the recorded ones first, then the first side. */
  private handled(image: Up<P>, event: NodeEvent<MessageOf<P>>): OutcomeOf<P>[] {
    const outcomes: OutcomeOf<P>[] = []
    let coins: Coin[] = []
    do {
      outcomes.push(this.run(image, event, coins))
      coins = this.environment.coins
    } while (turnLast(coins))
    return outcomes
  }

  private run(image: Up<P>, event: NodeEvent<MessageOf<P>>, coins: readonly Coin[]): OutcomeOf<P> {
    const { node, environment } = this
    this.runs++
    node.state = copy(image.state)
    environment.begin(image, coins)
    try {
      this.call(event)
    } catch (error) {
      if (!(error instanceof AssertionFailed)) throw error
      return this.failed(failedAssertion, error.message, image)
    }
    const after: Up<P> = { ...environment.taken(), phase: 'up', state: node.state, durable: image.durable }
    const { image: settled, sends } = this.system.sync === 'at once' ? this.synced(after) : { image: after, sends: [] }
    const outcome = { image: settled, sends: [...environment.sent, ...sends], outputs: environment.outputs }
    return this.judged(image, outcome, event)
  }

  /** Whether everything holds that must hold between before and after. */
  private judged(image: Up<P>, outcome: OutcomeOf<P>, event: NodeEvent<MessageOf<P>>): OutcomeOf<P> {
    const before = { ...this.view(image), up: event.type !== 'restart' }
    const after = this.view(outcome.image)
    for (const { name, broken } of this.system.steps ?? []) {
      const text = broken(before, after)
      if (text !== undefined) return this.failed(name, text, image)
    }
    return outcome
  }

  private call(event: NodeEvent<MessageOf<P>>): void {
    const { node } = this
    switch (event.type) {
      case 'deliver':
        return node.receive(event.message, event.from)
      case 'timeout':
        this.environment.clearTimer(event.timer)
        return node.timeout(event.timer)
      case 'input':
        return this.system.bounds?.inputs?.[event.input]?.call(node)
      case 'restart':
        return node.start()
      case 'sync':
      case 'crash':
        return undefined
    }
  }

  private failed(property: string, text: string, { durable }: Up<P>): OutcomeOf<P> {
    return { image: { phase: 'failed', property, text: `${this.self}: ${text}`, durable }, sends: [], outputs: [] }
  }
}

/** A choice that was asked for, and the answer. */
interface Coin {
  readonly alternatives: number
  readonly chosen: number
}

/** The next combination, as an odometer has it; false: that was the last one. */
function turnLast(coins: Coin[]): boolean {
  for (let last = coins.pop(); last !== undefined; last = coins.pop()) {
    const chosen = last.chosen + 1
    if (chosen >= last.alternatives) continue
    coins.push({ alternatives: last.alternatives, chosen })
    return true
  }
  return false
}

/** What a handler asks for, in the order in which it does. */
class Recorder<P extends Participant> implements Environment<MessageOf<P>, DurableOf<P>> {
  readonly self: NodeId
  sent: Outgoing<MessageOf<P>>[] = []
  outputs: Output[] = []
  coins: Coin[] = []
  private timers = new Set<TimerName>()
  private unsynced: DurableOf<P>[] = []
  private held: Outgoing<MessageOf<P>>[] = []
  private recorded: readonly Coin[] = []

  constructor(self: NodeId, abilities: readonly string[]) {
    this.self = self
    for (const call of abilities)
      Object.assign(this, {
        [call]: (...given: unknown[]) => this.outputs.push({ node: self, call, arguments: given }),
      })
  }

  begin({ timers, unsynced, held }: Up<P>, coins: readonly Coin[]): void {
    this.sent = []
    this.outputs = []
    this.coins = []
    this.timers = new Set(timers)
    this.unsynced = [...unsynced]
    this.held = [...held]
    this.recorded = coins
  }

  taken(): Pick<Up<P>, 'timers' | 'unsynced' | 'held'> {
    return { timers: [...this.timers].toSorted(), unsynced: this.unsynced, held: unordered(this.held) }
  }

  persist(record: DurableOf<P>): void {
    this.unsynced.push(record)
  }

  send(to: NodeId, message: MessageOf<P>): void {
    if (this.unsynced.length === 0) this.sendAhead(to, message)
    else this.held.push({ to, message })
  }

  sendAhead(to: NodeId, message: MessageOf<P>): void {
    this.sent.push({ to, message })
  }

  setTimer(timer: TimerName): void {
    this.timers.add(timer)
  }

  clearTimer(timer: TimerName): void {
    this.timers.delete(timer)
  }

  choose(alternatives: number): number {
    const chosen = this.recorded[this.coins.length]?.chosen ?? 0
    this.coins.push({ alternatives, chosen })
    return chosen
  }
}
