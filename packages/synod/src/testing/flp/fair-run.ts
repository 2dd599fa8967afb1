import { assert, present } from '../../core/index.ts'
import { isBivalent, isDelivery, type Configuration, type Next, type Valence, type Valences } from './valence.ts'

/** Lemma 3 for one event: with this schedule before it, the configuration after it is bivalent. */
export interface Kept {
  readonly event: number
  /** Without the event itself. */
  readonly before: readonly number[]
  readonly leads: Configuration
  readonly valence: Valence
}

/** How long a schedule before the event may be. */
const longest = 6
/** How many configurations are looked at for one event. */
const most = 400

/**
 * FLP's Lemma 3, by search: from a bivalent configuration the shortest schedule without the event after which the event leads
 * to a bivalent one. undefined: none was found within the bounds. First only what can make a difference is tried: timers,
 * and what happens at the same participant; all else could as well happen afterwards.
 */
export function keepBivalent(valences: Valences, from: Configuration, event: number): Kept | undefined {
  const { space } = valences
  const matters = (other: number): boolean => !isDelivery(other) || space.actor(other) === space.actor(event)
  return keptBy(valences, from, event, matters) ?? keptBy(valences, from, event, () => true)
}

function keptBy(
  valences: Valences,
  from: Configuration,
  event: number,
  matters: (other: number) => boolean,
): Kept | undefined {
  let level: readonly { readonly at: Configuration; readonly before: readonly number[] }[] = [{ at: from, before: [] }]
  const seen = new Set<string>([from.join()])
  for (let length = 0; length <= longest && seen.size < most; length++) {
    const longer: (typeof level)[number][] = []
    for (const { at, before } of level) {
      const possible = valences.successors(at)
      const leads = possible.find((next) => next.event === event)?.leads
      if (leads === undefined) continue
      const valence = valences.of(leads)
      if (isBivalent(valence)) return { event, before, leads, valence }
      for (const next of possible) {
        if (next.event === event || !matters(next.event) || seen.has(next.leads.join())) continue
        seen.add(next.leads.join())
        longer.push({ at: next.leads, before: [...before, next.event] })
      }
    }
    level = longer
  }
  return undefined
}

/**
 * A run as FLP builds it: in each stage the message that has waited for the longest time is delivered. A timer fires only where
 * that keeps the configuration bivalent, or where nothing is under way.
 */
export interface FairRun {
  readonly events: readonly number[]
  /** After how many events each stage was over. */
  readonly stages: readonly number[]
  /** In how many of them the event alone would have led to a configuration that is not bivalent. */
  readonly detours: number
  /** The longest that any message had to wait, in steps. */
  readonly longestWait: number
}

/** Goes on for so many steps at least, from a bivalent configuration. */
export function fairRun(valences: Valences, from: Configuration, steps: number): FairRun {
  const events: number[] = []
  const stages: number[] = []
  const waiting = new Waiting()
  let detours = 0
  let now = from
  waiting.look(valences.successors(now), 0)
  while (events.length < steps) {
    const kept = present(keepBivalent(valences, now, waiting.oldest()), 'Lemma 3: a schedule keeps it bivalent')
    if (kept.before.length > 0) detours++
    for (const event of [...kept.before, kept.event]) {
      now = present(valences.apply(now, event), 'each event of the schedule can happen')
      assert(valences.decided(now) === undefined, 'nobody decides in a bivalent configuration')
      events.push(event)
      waiting.happened(event, events.length)
      waiting.look(valences.successors(now), events.length)
    }
    stages.push(events.length)
  }
  return { events, stages, detours, longestWait: waiting.longest }
}

/** Since when each pending event has been pending: the oldest first. */
class Waiting {
  /** In the order in which they came up. */
  private since = new Map<number, number>()
  longest = 0

  look(possible: readonly Next[], step: number): void {
    const pending = new Set(possible.map(({ event }) => event))
    for (const event of this.since.keys()) if (!pending.has(event)) this.since.delete(event)
    for (const event of pending) if (!this.since.has(event)) this.since.set(event, step)
  }

  /** One that is still possible after it has happened is another one: a copy of the message, a timer that was armed again. */
  happened(event: number, step: number): void {
    if (isDelivery(event)) this.longest = Math.max(this.longest, step - (this.since.get(event) ?? step))
    this.since.delete(event)
  }

  oldest(): number {
    const pending = [...this.since.keys()]
    return present(pending.find(isDelivery) ?? pending[0], 'something can happen')
  }
}
