import type { Independence } from '../space.ts'
import type { Cost } from './budget.ts'
import type { EnvironmentOf, Participant, System } from './system.ts'
import type { Transition, Transitions } from './transitions.ts'

/** What one event does, as far as another one can notice. */
interface Effect {
  readonly slot: number
  /** That it takes from the network; -1: none. */
  readonly envelope: number
  readonly cost: Cost | undefined
  readonly transitions: readonly Transition[]
}

/**
 * Two events commute if they happen at different nodes and share nothing else: not the history, not the budget, and not a
 * message that one takes and the other sends, where equal messages are one.
 */
export function commutation<P extends Participant, Env extends EnvironmentOf<P>, History>(
  system: System<P, Env, History>,
  transitions: Transitions<P, Env, History>,
): Independence | undefined {
  // What came last is part of the state, whoever got it.
  if (system.network === 'duplicating' || system.symmetric === true) return undefined
  const { budget, envelopes } = transitions
  const effectOf = (event: number, state: Int32Array): Effect => {
    const number = event >>> 2
    if ((event & 3) === 2) {
      const { slot, cost } = transitions.ownEvent(number)
      return { slot, envelope: -1, cost, transitions: transitions.happening(state[slot] ?? 0, number) }
    }
    const slot = envelopes.to(number)
    const [isLoss, isDuplicate] = [(event & 3) === 1, (event & 3) === 3]
    return {
      slot,
      envelope: number,
      cost: isLoss ? budget.loss : isDuplicate ? budget.duplicate : undefined,
      transitions: isLoss ? [] : transitions.delivery(state[slot] ?? 0, number),
    }
  }
  const speaks = ({ transitions: all }: Effect): boolean =>
    system.history !== undefined && all.some(({ outputs }) => outputs >= 0)
  const sends = ({ transitions: all }: Effect, envelope: number): boolean =>
    system.network === 'set' && all.some((one) => one.sends.includes(envelope))
  return {
    commute(event, other, state) {
      const [a, b] = [effectOf(event, state), effectOf(other, state)]
      if (a.slot === b.slot || (a.cost !== undefined && a.cost === b.cost)) return false
      return !(speaks(a) && speaks(b)) && !sends(a, b.envelope) && !sends(b, a.envelope)
    },
  }
}
