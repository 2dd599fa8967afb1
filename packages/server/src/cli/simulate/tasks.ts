import type { Outcome, Plan, Violation } from 'synod/simulator'
import type { Told } from './protocols.ts'
import type { Scenario } from './scenario.ts'

/** What a thread of a campaign is told when it begins. */
export interface ThreadData {
  /** As the command line names it. */
  readonly protocol: string
  readonly scenario: Scenario
  /** Counts events, so that from outside a thread that goes on is told from one that hangs. */
  readonly beats: Int32Array<SharedArrayBuffer>
}

/** What a thread is asked to do, one thing at a time. */
export type Task =
  | { readonly type: 'run'; readonly seed: number; readonly tell: boolean }
  | { readonly type: 'replay'; readonly plan: Plan; readonly tell: boolean }
  | {
      readonly type: 'shrink'
      readonly plan: Plan
      readonly invariant: string
      /** At most so long. */
      readonly milliseconds: number
      /** Not zero: what was found so far is the answer. Shared, because a thread that shrinks reads no messages. */
      readonly enough: Int32Array<SharedArrayBuffer>
    }

/** What came of a run, as it goes from thread to thread. */
export interface Result {
  readonly plan: Plan
  readonly violation: Violation | undefined
  /** Equal for equal runs. */
  readonly trace: string
  readonly events: number
  /** In milliseconds. */
  readonly simulated: number
  readonly answers: Outcome['answers']
  readonly errands: Outcome['errands']
  readonly situations: readonly string[]
  readonly reached: readonly string[]
  readonly fired: ReadonlyMap<string, number>
  readonly silent: readonly string[]
  readonly progress: Outcome['progress']
  readonly figures: Outcome['figures']
  readonly told: readonly Told[]
}

/** A failing run that was made small. */
export interface Small {
  readonly plan: Plan
  readonly violation: Violation
  readonly trace: string
  readonly runs: number
}

/** What a thread answers. `smaller` is said on the way. */
export type Reply =
  | { readonly type: 'ran'; readonly result: Result }
  | { readonly type: 'smaller'; readonly events: number; readonly runs: number }
  | { readonly type: 'shrunk'; readonly small: Small | undefined }
