import { present } from '../../core/index.ts'
import { Fingerprints } from '../fingerprints.ts'
import type { Interner } from '../interner.ts'
import { OutOfMemory } from '../memory.ts'
import { Numbers } from '../numbers.ts'
import { countable, type Property } from '../space.ts'
import { NamesMatter, type Names } from './names.ts'
import { failedAssertion } from './stage.ts'
import type {
  Envelope,
  EnvironmentOf,
  MessageOf,
  Participant,
  Situation,
  SituationNode,
  StateOf,
  System,
  SystemProperty,
} from './system.ts'
import type { Transitions } from './transitions.ts'

type Test<P extends Participant, History> = SystemProperty<StateOf<P>, MessageOf<P>, History>

/**
 * Holds states against the properties. These read the nodes and the history, and not what is under way; so each
 * combination of nodes and history is looked at once, and each history, however many states have it.
 */
export class Judge<P extends Participant, Env extends EnvironmentOf<P>, History> {
  readonly properties: readonly Property[]
  private readonly tests: readonly Test<P, History>[]
  /** What a failed node may say, by the name of the property. */
  private readonly failures: readonly string[]
  private readonly transitions: Transitions<P, Env, History>
  private readonly histories: Interner<History>
  private readonly seen = new Fingerprints()
  /** There is no room to remember more of them: the others are looked at each time. */
  private isFull = false
  /** What each combination decides, of those properties that were open when it was looked at; and each history. */
  private readonly ofSituations = new Numbers()
  private readonly lookedAt = new Numbers()
  private readonly ofHistories: number[] = []
  private readonly situation: Int32Array
  private readonly initial: History
  private readonly ofNetwork: number
  private readonly ofHistory: number
  private readonly ofSituation: number
  private readonly allNames: readonly (Names | undefined)[]
  /** Nodes as they are under each of the other names, by component. */
  private readonly views: SituationNode<StateOf<P>>[][] = []

  constructor(
    system: System<P, Env, History>,
    transitions: Transitions<P, Env, History>,
    histories: Interner<History>,
  ) {
    this.tests = system.properties ?? []
    this.failures = [failedAssertion, ...(system.steps ?? []).map(({ name }) => name)]
    this.properties = countable([
      ...this.failures.map((name) => ({ name, kind: 'always', builtIn: true }) as const),
      ...this.tests.map(({ name, kind }) => ({ name, kind })),
    ])
    this.transitions = transitions
    this.allNames = [undefined, ...transitions.renamings]
    this.histories = histories
    this.situation = new Int32Array(system.nodes.length + 1)
    this.initial = system.history?.initial as History
    const bits = (key: string): number =>
      this.tests.reduce((all, test, i) => (key in test ? all | this.bit(i) : all), 0)
    this.ofNetwork = bits('sent')
    this.ofHistory = bits('brokenHistory')
    this.ofSituation = bits('seen') | bits('broken')
  }

  /** How many combinations there were. */
  get situations(): number {
    return this.seen.size
  }

  readsNetwork(open: number): boolean {
    return (open & this.ofNetwork) !== 0
  }

  judge(state: Int32Array, open: number, sent: readonly Envelope<MessageOf<P>>[]): number {
    const history = state[this.situation.length - 1] ?? 0
    let decided = (this.ofHistories[history] ??= this.judgeHistory(history))
    if (this.transitions.anyFailed) decided |= this.judgeFailures(state)
    if (this.readsNetwork(open)) decided |= this.judgeNetwork(sent)
    if ((open & this.ofSituation) !== 0) decided |= this.judgeSituation(state, open)
    return decided & open
  }

  text(state: Int32Array, property: number): string {
    const test = this.tests[property - this.failures.length]
    if (test === undefined) return this.failed(state)?.text ?? ''
    const { history, nodes } = this.decoded(state)
    if ('brokenHistory' in test) return test.brokenHistory(history) ?? ''
    return 'broken' in test ? (test.broken({ history, nodes }) ?? '') : test.name
  }

  private judgeFailures(state: Int32Array): number {
    const failed = this.failed(state)
    return failed === undefined ? 0 : 1 << this.failures.indexOf(failed.property)
  }

  private judgeNetwork(sent: readonly Envelope<MessageOf<P>>[]): number {
    return this.decided(this.ofNetwork, (test, names) => {
      if (!('sent' in test)) return false
      return sent.some(({ message }) => test.sent(names === undefined ? message : names.in(message)))
    })
  }

  private judgeHistory(number: number): number {
    return this.decided(this.ofHistory, (test, names) => {
      return 'brokenHistory' in test && test.brokenHistory(this.history(number, names)) !== undefined
    })
  }

  private judgeSituation(state: Int32Array, open: number): number {
    const { situation, ofSituations, lookedAt } = this
    for (let slot = 0; slot < situation.length; slot++) situation[slot] = state[slot] ?? 0
    if (this.isFull) return this.decideSituation(state, open)
    try {
      // Before it is known: what is known has been looked at.
      ofSituations.makeRoom(1)
      lookedAt.makeRoom(1)
      const index = this.seen.add(situation)
      if (index < 0 && (open & this.ofSituation & ~lookedAt.at(~index)) === 0) return ofSituations.at(~index)
      const decided = this.decideSituation(state, open)
      if (index < 0) {
        ofSituations.set(~index, decided)
        lookedAt.set(~index, open)
      } else {
        ofSituations.push(decided)
        lookedAt.push(open)
      }
      return decided
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error
      this.isFull = true
      return this.decideSituation(state, open)
    }
  }

  private decideSituation(state: Int32Array, open: number): number {
    const situations = this.allNames.map((names) => this.decoded(state, names))
    return this.decided(open & this.ofSituation, (test, names) => {
      const decoded = present(situations[this.allNames.indexOf(names)], 'the situation is decoded under all names')
      if ('broken' in test) return test.broken(decoded) !== undefined
      return 'seen' in test && test.seen(decoded)
    })
  }

  /** The answers are the same whatever nodes are called. Throws `NamesMatter`. */
  private decided(among: number, decides: (test: Test<P, History>, names: Names | undefined) => boolean): number {
    let bits = 0
    for (const [i, test] of this.tests.entries()) {
      if ((among & this.bit(i)) === 0) continue
      const decided = decides(test, undefined)
      if (decided) bits |= this.bit(i)
      for (const names of this.transitions.renamings)
        if (decides(test, names) !== decided)
          throw new NamesMatter(`symmetry is refused: the property "${test.name}" depends on names`)
    }
    return bits
  }

  private failed(state: Int32Array): { readonly property: string; readonly text: string } | undefined {
    for (let slot = 0; slot < this.situation.length - 1; slot++) {
      const image = this.transitions.image(state[slot] ?? 0)
      if (image.phase === 'failed') return image
    }
    return undefined
  }

  private decoded(state: Int32Array, names?: Names): Situation<StateOf<P>, History> {
    const last = this.situation.length - 1
    const nodes: SituationNode<StateOf<P>>[] = []
    for (let slot = 0; slot < last; slot++) nodes[names?.slot(slot) ?? slot] = this.view(state[slot] ?? 0, names)
    return { nodes, history: this.history(state[last] ?? 0, names) }
  }

  private view(component: number, names: Names | undefined): SituationNode<StateOf<P>> {
    if (names === undefined) return this.transitions.view(component)
    const views = (this.views[this.transitions.renamings.indexOf(names)] ??= [])
    return (views[component] ??= names.in(this.transitions.view(component)))
  }

  private history(number: number, names?: Names): History {
    const history = this.histories.size === 0 ? this.initial : this.histories.value(number)
    return names === undefined ? history : names.in(history)
  }

  private bit(test: number): number {
    return 1 << (this.failures.length + test)
  }
}
