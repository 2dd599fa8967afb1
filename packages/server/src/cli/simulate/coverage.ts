import type { Plan } from 'synod/simulator'
import { Figures } from './figures.ts'
import type { Result } from './tasks.ts'

const hour = 3_600_000

/** How often a fault was there, and what came of it. */
export interface FaultCount {
  /** Runs whose plan had it, or in which it came about. */
  runs: number
  /** How often it took effect, in all of them. */
  fired: number
  /** Runs to the end whose plan had it, and in which it never took effect. */
  silentRuns: number
}

/** What a campaign has covered so far, and how fast. */
export class Coverage {
  readonly operations: Result['answers'] = { ok: 0, rejected: 0, unknown: 0, unsent: 0 }
  readonly errands: Result['errands'] = { ok: 0, rejected: 0, unknown: 0, unsent: 0 }
  /** Of faults, and of types of errands: those have an effect when they are done. */
  readonly faults: Map<string, FaultCount> = new Map()
  /** How many runs reached each situation; 0: none did. */
  readonly situations: Map<string, number> = new Map()
  /** How long the core of each run that had one took to get on, in milliseconds. */
  readonly progress: number[] = []
  readonly figures: Figures = new Figures()
  seeds = 0
  events = 0
  /** Of all faults. */
  fired = 0
  private lastSeed: number | undefined
  private lastResult: Result | undefined
  private simulated = 0
  /** When each of the runs that go on began, the first first. */
  private readonly under = new Map<number, number>()
  private readonly clock: () => number
  private readonly began: number

  /** `clock`: real time, in milliseconds. */
  constructor(clock: () => number) {
    this.clock = clock
    this.began = clock()
  }

  /** A seed's run begins. */
  begin(seed: number): void {
    this.under.set(seed, this.clock())
  }

  /** A seed's run has taken its thread along. */
  died(seed: number): void {
    this.under.delete(seed)
  }

  /** A seed's run has ended. */
  add(seed: number, result: Result): void {
    this.under.delete(seed)
    this.seeds++
    this.lastResult = result
    this.lastSeed = Math.max(seed, this.lastSeed ?? seed)
    this.simulated += result.simulated
    this.events += result.events
    for (const how of ['ok', 'rejected', 'unknown', 'unsent'] as const) {
      this.operations[how] += result.answers[how]
      this.errands[how] += result.errands[how]
    }
    for (const name of result.situations)
      this.situations.set(name, (this.situations.get(name) ?? 0) + (result.reached.includes(name) ? 1 : 0))
    if (result.progress !== undefined) this.progress.push(result.progress.took)
    this.figures.add(result.figures)
    this.addFaults(result)
  }

  private addFaults({ plan, fired, silent, violation }: Result): void {
    for (const name of new Set<string>([...typesOf(plan), ...fired.keys()])) this.faultNamed(name).runs++
    for (const [name, times] of fired) {
      this.faultNamed(name).fired += times
      this.fired += times
    }
    // A run that failed may have ended before their time.
    if (violation !== undefined) return
    for (const name of silent) this.faultNamed(name).silentRuns++
  }

  private faultNamed(name: string): FaultCount {
    const known = this.faults.get(name)
    if (known !== undefined) return known
    const fresh = { runs: 0, fired: 0, silentRuns: 0 }
    this.faults.set(name, fresh)
    return fresh
  }

  get last(): number | undefined {
    return this.lastSeed
  }

  /** The run that ended last, if any did. */
  get lastRun(): Result | undefined {
    return this.lastResult
  }

  /** Simulated. */
  get hours(): number {
    return this.simulated / hour
  }

  /** Real ones, since it began. */
  get seconds(): number {
    return (this.clock() - this.began) / 1000
  }

  /** Situations that some run reached. */
  get reached(): number {
    return [...this.situations.values()].filter((runs) => runs > 0).length
  }

  /** The runs that go on, and for how many seconds already: the longest first. */
  get underWay(): { readonly seed: number; readonly seconds: number }[] {
    return [...this.under].map(([seed, began]) => ({ seed, seconds: (this.clock() - began) / 1000 }))
  }
}

function typesOf({ faults, errands }: Plan): Set<string> {
  return new Set([...faults, ...errands].map(({ type }) => type))
}
