import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { campaign, type Runner } from './campaign.ts'
import { Coverage } from './coverage.ts'
import { protocolNamed } from './protocols.ts'
import { planOf } from './scenario.ts'
import type { Result } from './tasks.ts'
import { ThreadDied } from './thread.ts'

// Goal: whichever thread is faster, the lowest seed that fails is what is found, and no seed before it is left out.
// Method: threads that answer when the test says so.

const violation = { invariant: 'safety', message: 'it broke', at: 1, event: 1 }

function result(seed: number, broken: boolean): Result {
  return {
    plan: planOf(protocolNamed('raft'), seed, { duration: 1, without: 'all' }),
    violation: broken ? violation : undefined,
    trace: '',
    events: 10,
    simulated: 3_600_000,
    answers: { ok: 1, rejected: 0, unknown: 0, unsent: 0 },
    errands: { ok: 0, rejected: 0, unknown: 0, unsent: 0 },
    situations: ['a', 'b'],
    reached: seed === 1 ? ['a'] : [],
    fired: new Map([['crash', 2]]),
    silent: ['jump'],
    progress: { core: ['a'], took: seed },
    figures: [],
    told: [],
  }
}

/** Threads whose runs of some seeds are held back; the others end at once. */
class Threads {
  readonly asked: number[] = []
  private readonly held = new Map<number, PromiseWithResolvers<Result | undefined>>()
  private readonly failing: readonly number[]

  constructor(held: readonly number[], failing: readonly number[]) {
    for (const seed of held) this.held.set(seed, Promise.withResolvers())
    this.failing = failing
  }

  of(count: number): Runner[] {
    return Array.from({ length: count }, () => ({ run: async (seed) => this.run(seed) }))
  }

  private async run(seed: number): Promise<Result | undefined> {
    this.asked.push(seed)
    return this.held.get(seed)?.promise ?? result(seed, this.failing.includes(seed))
  }

  release(seed: number, outcome: Result | undefined | ThreadDied): void {
    const held = this.held.get(seed)
    if (outcome instanceof ThreadDied) held?.reject(outcome)
    else held?.resolve(outcome)
  }
}

const all = { first: 1, seeds: 9, hours: undefined }

describe('a campaign', () => {
  test('hands out every seed once, in order', async () => {
    const threads = new Threads([], [])
    const coverage = new Coverage(() => 0)
    expect(await campaign(threads.of(3), { ...all, first: 5 }, coverage, false)).toBeUndefined()
    expect(threads.asked).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(coverage.seeds).toBe(9)
  })

  test('finds the lowest seed that fails, though a higher one failed first', async () => {
    const threads = new Threads([2], [3])
    const found = campaign(threads.of(2), all, new Coverage(() => 0), false)
    // All that can happen without it has happened.
    await turn()
    threads.release(2, result(2, true))
    expect((await found)?.seed).toBe(2)
    expect(threads.asked).toEqual([1, 2, 3])
  })

  test('waits for lower seeds, and hands out no more, once one has failed', async () => {
    const threads = new Threads([1], [2])
    const coverage = new Coverage(() => 0)
    const found = campaign(threads.of(2), all, coverage, false)
    // All that can happen without it has happened.
    await turn()
    threads.release(1, result(1, false))
    expect((await found)?.seed).toBe(2)
    expect([threads.asked, coverage.seeds]).toEqual([[1, 2], 2])
  })

  test('takes a thread that dies for a seed that failed', async () => {
    const threads = new Threads([1], [])
    const found = campaign(threads.of(1), all, new Coverage(() => 0), false)
    threads.release(1, new ThreadDied('out of memory'))
    expect(await found).toEqual({ seed: 1, death: 'out of memory' })
  })

  test('ends when its threads are stopped', async () => {
    const threads = new Threads([1, 2], [])
    const coverage = new Coverage(() => 0)
    const found = campaign(threads.of(2), all, coverage, false)
    threads.release(1, undefined)
    threads.release(2, undefined)
    expect([await found, coverage.seeds]).toEqual([undefined, 0])
  })

  test('ends once so many hours are simulated', async () => {
    const threads = new Threads([], [])
    await campaign(threads.of(1), { first: 1, seeds: undefined, hours: 2.5 }, new Coverage(() => 0), false)
    expect(threads.asked).toEqual([1, 2, 3])
  })
})

describe('what is covered', () => {
  test('is the sum of the runs; faults that a failing run was too short for are not held against it', () => {
    let now = 0
    const coverage = new Coverage(() => now)
    for (const seed of [1, 2, 3]) {
      coverage.begin(seed)
      if (seed < 3) coverage.add(seed, result(seed, seed === 2))
    }
    now = 4000
    expect(coverage).toMatchObject({ seeds: 2, events: 20, fired: 4, hours: 2, seconds: 4, reached: 1, last: 2 })
    expect(coverage.operations).toEqual({ ok: 2, rejected: 0, unknown: 0, unsent: 0 })
    expect(coverage.faults.get('crash')).toEqual({ runs: 2, fired: 4, silentRuns: 0 })
    expect(coverage.faults.get('jump')?.silentRuns).toBe(1)
    expect([...coverage.situations]).toEqual([
      ['a', 1],
      ['b', 0],
    ])
    coverage.begin(4)
    coverage.begin(5)
    coverage.died(5)
    expect(coverage.underWay).toEqual([
      { seed: 3, seconds: 4 },
      { seed: 4, seconds: 0 },
    ])
  })
})
