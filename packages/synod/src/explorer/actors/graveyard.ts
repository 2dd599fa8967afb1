import { encode } from '../encoding.ts'
import { underAllNames } from './names.ts'
import type { EnvironmentOf, Participant, StateOf, System } from './system.ts'
import type { Transition, Transitions } from './transitions.ts'

/** The messages that can no longer matter to a node, for each of its images: bits as in a state. */
export class Graveyard<P extends Participant, Env extends EnvironmentOf<P>, History> {
  private readonly system: System<P, Env, History>
  private readonly transitions: Transitions<P, Env, History>
  private readonly bits: number
  private readonly masks: Int32Array[] = []
  /** How many envelopes were looked at for each. */
  private readonly looked: number[] = []

  constructor(system: System<P, Env, History>, transitions: Transitions<P, Env, History>, bits: number) {
    this.system = system
    this.transitions = transitions
    this.bits = bits
  }

  /**
   * Drops what has died with the last event at a node, whose image was another one before. What was dead before is not
   * under way: it was dropped then, or was never put there.
   */
  bury(state: Int32Array, before: number, transition: Transition): void {
    const { size } = this.transitions.envelopes
    let died = transition.died
    if (died === undefined || died.looked !== size) {
      died = { looked: size, words: this.died(before, transition.component) }
      transition.died = died
    }
    const { words } = died
    for (let i = 0; i < words.length; i += 2) {
      const word = this.bits + (words[i] ?? 0)
      state[word] = (state[word] ?? 0) & ~(words[i + 1] ?? 0)
    }
  }

  private died(before: number, after: number): number[] {
    const dead = this.mask(before)
    const words: number[] = []
    for (const [word, bits] of this.mask(after).entries()) {
      const died = bits & ~(dead[word] ?? 0)
      if (died !== 0) words.push(word, died)
    }
    return words
  }

  /** Whether an envelope is dead as it is sent. */
  has(state: Int32Array, envelope: number): boolean {
    const mask = this.mask(state[this.transitions.envelopes.to(envelope)] ?? 0)
    return (((mask[envelope >>> 5] ?? 0) >>> (envelope & 31)) & 1) === 1
  }

  private mask(component: number): Int32Array {
    const { size } = this.transitions.envelopes
    const looked = this.looked[component] ?? 0
    if (looked === size) return this.masks[component] ?? new Int32Array(0)
    const mask = new Int32Array((size + 31) >>> 5)
    mask.set(this.masks[component] ?? new Int32Array(0))
    for (let envelope = looked; envelope < size; envelope++)
      if (this.isDead(component, envelope)) mask[envelope >>> 5] = (mask[envelope >>> 5] ?? 0) | (1 << (envelope & 31))
    this.masks[component] = mask
    this.looked[component] = size
    return mask
  }

  /** Of a node that may crash also by what its disk has, from which it would go on. */
  private isDead(component: number, envelope: number): boolean {
    const { transitions, system } = this
    const { from, to, message } = transitions.envelopes.value(envelope)
    const view = transitions.view(component)
    if (view.id !== to || system.dead === undefined) return false
    const says = (state: StateOf<P>): boolean =>
      underAllNames(
        '`dead`',
        transitions.renamings,
        (renamed) => system.dead?.(renamed(message), renamed(from), renamed(state), renamed(to)) === true,
      )
    return says(view.state) && ((system.bounds?.crashes ?? 0) === 0 || says(view.durable))
  }
}

/** A message that a protocol's `dead.ts` takes for dead, and that is not. */
export class NotDead extends Error {
  override readonly name = 'NotDead'
}

/** Holds what is said to be dead against the handlers: nothing comes of its delivery, and it stays dead whatever happens. */
export class Autopsy<P extends Participant, Env extends EnvironmentOf<P>, History> {
  private readonly transitions: Transitions<P, Env, History>
  private readonly graveyard: Graveyard<P, Env, History>
  private dead: readonly number[] = []

  constructor(transitions: Transitions<P, Env, History>, graveyard: Graveyard<P, Env, History>) {
    this.transitions = transitions
    this.graveyard = graveyard
  }

  /** Of all envelopes that may be delivered in a state. Throws `NotDead`. */
  examine(state: Int32Array, ready: readonly number[]): void {
    const { envelopes } = this.transitions
    this.dead = ready.filter((envelope) => this.graveyard.has(state, envelope))
    for (const envelope of this.dead) {
      const outcomes = this.transitions.delivery(state[envelopes.to(envelope)] ?? 0, envelope)
      if (outcomes.some(({ idle }) => !idle)) throw new NotDead(this.text(envelope, 'its delivery has an effect'))
    }
  }

  /** The state after one more event at a node. Throws `NotDead`. */
  after(next: Int32Array): void {
    for (const envelope of this.dead)
      if (!this.graveyard.has(next, envelope)) throw new NotDead(this.text(envelope, 'it came to life again'))
  }

  private text(envelope: number, why: string): string {
    const { from, to, message } = this.transitions.envelopes.value(envelope)
    return `${encode(message)} from ${from} to ${to} was said to be dead, but ${why}`
  }
}
