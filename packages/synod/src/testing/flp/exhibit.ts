import { present } from '../../core/index.ts'
import { flpSpace, termination } from './flp-model.ts'
import { fairRun, keepBivalent, type FairRun } from './fair-run.ts'
import { Valences, valenceText } from './valence.ts'

/** A step, as a path of the explorer has it. */
export interface ToldStep {
  readonly event: string
  readonly alternative: number
}

/** What the search for FLP's execution has found. */
export interface Exhibit {
  /** Lemma 2: all initial configurations, by the bits that the participants begin with. */
  readonly initial: readonly { readonly inputs: string; readonly valence: string }[]
  /** The first bivalent one. */
  readonly inputs: string
  /** From it two schedules that decide differently. */
  readonly witnesses: { readonly '0': readonly ToldStep[]; readonly '1': readonly ToldStep[] }
  /** Lemma 3, from it: for each event that is pending a schedule with it that leads to a bivalent configuration. */
  readonly kept: readonly { readonly event: string; readonly before: readonly string[] }[]
  /** The theorem: a run in which each message is delivered, and nobody ever decides. */
  readonly run: FairRun
  readonly path: readonly ToldStep[]
  /** What it breaks. */
  readonly property: string
}

/** FLP (1985) on the Paxos of this library, with so many participants, one of whom may crash; the run has so many steps at least. */
export function exhibitFlp(participants: number, steps: number): Exhibit {
  const all = Array.from({ length: 2 ** participants }, (_, i) => i.toString(2).padStart(participants, '0'))
  const initial = all.map((inputs) => {
    const valences = valencesOf(inputs)
    return { inputs, valence: valenceText(valences.of(valences.initial())) }
  })
  const { inputs } = present(
    initial.find(({ valence }) => valence === 'bivalent'),
    'Lemma 2: there is a bivalent initial configuration',
  )
  const valences = valencesOf(inputs)
  const { space } = valences
  const from = valences.initial()
  const both = valences.of(from)
  const kept = valences.successors(from).map(({ event }) => {
    const { before } = present(keepBivalent(valences, from, event), 'Lemma 3: a schedule keeps it bivalent')
    return { event: space.eventText(event), before: before.map((one) => space.eventText(one)) }
  })
  const run = fairRun(valences, from, steps)
  const { '0': zero = [], '1': one = [] } = both
  return {
    initial,
    inputs,
    witnesses: { '0': told(valences, zero), '1': told(valences, one) },
    kept,
    run,
    path: told(valences, run.events),
    property: termination,
  }
}

function valencesOf(inputs: string): Valences {
  return new Valences(flpSpace(inputs))
}

function told({ space }: Valences, events: readonly number[]): ToldStep[] {
  return events.map((event) => ({ event: space.eventText(event), alternative: 0 }))
}

/** Where an event alone would end what is still open: one stage of a run in which a detour was needed, as a tree. */
export interface ValenceTree {
  /** What has happened before it. */
  readonly depth: number
  /** Which event waits. */
  readonly waiting: string
  readonly steps: readonly TreeStep[]
}

/** A bivalent configuration on the way: all that could happen, and what does. */
export interface TreeStep {
  readonly branches: readonly { readonly event: string; readonly valence: string; readonly isTaken: boolean }[]
}

/** Of the first stage in which the event that had waited for the longest time would have led to a univalent configuration. */
export function firstDetour(inputs: string): ValenceTree {
  const valences = valencesOf(inputs)
  const { space } = valences
  let now = valences.initial()
  const run = fairRun(valences, now, 60)
  let at = 0
  for (const end of run.stages) {
    const stage = run.events.slice(at, end)
    const event = stage.at(-1) ?? 0
    if (stage.length > 1) {
      const steps = stage.map((taken) => {
        const branches = valences.successors(now).map((next) => ({
          event: space.eventText(next.event),
          valence: valenceText(valences.of(next.leads)),
          isTaken: next.event === taken,
        }))
        now = present(valences.apply(now, taken), 'each event of the run can happen')
        return { branches }
      })
      return { depth: at, waiting: space.eventText(event), steps }
    }
    for (const one of stage) now = present(valences.apply(now, one), 'each event of the run can happen')
    at = end
  }
  return { depth: at, waiting: '', steps: [] }
}
