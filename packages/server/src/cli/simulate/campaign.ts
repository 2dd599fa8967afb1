import type { Coverage } from './coverage.ts'
import type { Result } from './tasks.ts'
import { ThreadDied } from './thread.ts'

/** Which seeds are played: from `first` on, until there were so many, or so many hours were simulated. */
export interface Extent {
  readonly first: number
  readonly seeds: number | undefined
  readonly hours: number | undefined
}

/** Plays one seed. `undefined`: it was stopped. Rejects with `ThreadDied`. */
export interface Runner {
  run(seed: number, tell: boolean): Promise<Result | undefined>
}

/** A seed that was not survived: its run broke something, or took its thread along. */
export type Finding =
  | { readonly seed: number; readonly result: Result; readonly death?: undefined }
  | { readonly seed: number; readonly result?: undefined; readonly death: string }

/**
 * Hands the seeds out in order, each to the next thread that is free, until all are played or one fails. Those before it
 * are finished first: what is found is the lowest seed that fails, however many threads there are. `undefined`: none
 * did, as far as it went before the threads were stopped.
 */
export async function campaign(
  threads: readonly Runner[],
  extent: Extent,
  coverage: Coverage,
  tell: boolean,
): Promise<Finding | undefined> {
  let next = extent.first
  let found: Finding | undefined
  const isOver = (): boolean =>
    found !== undefined ||
    (extent.seeds !== undefined && next >= extent.first + extent.seeds) ||
    (extent.hours !== undefined && coverage.hours >= extent.hours)
  const work = async (thread: Runner): Promise<void> => {
    while (!isOver()) {
      const seed = next++
      coverage.begin(seed)
      const finding = await attempt(thread, seed, coverage, tell)
      if (finding === 'stopped') return
      if (finding !== undefined && (found === undefined || seed < found.seed)) found = finding
    }
  }
  await Promise.all(threads.map(work))
  return found
}

async function attempt(
  thread: Runner,
  seed: number,
  coverage: Coverage,
  tell: boolean,
): Promise<Finding | 'stopped' | undefined> {
  try {
    const result = await thread.run(seed, tell)
    if (result === undefined) return 'stopped'
    coverage.add(seed, result)
    return result.violation === undefined ? undefined : { seed, result }
  } catch (error) {
    if (!(error instanceof ThreadDied)) throw error
    coverage.died(seed)
    return { seed, death: error.message }
  }
}
