import { describe, expect, test } from 'vitest'
import { ActorSpace, search, type Finding, type SearchReport, type System } from '../../explorer/index.ts'
import { ChandraToueg, type ChandraTouegEnvironment, type Durable } from '../../protocols/chandra-toueg/index.ts'
import { chandraTouegModel, type ChandraTouegBounds, type ChandraTouegPast } from './chandra-toueg-model.ts'

// Goal: within small bounds no order of events and no detector makes Chandra-Toueg break agreement, and one rule less does:
// pitfalls L8, L12: what is taken over is forgotten; half is taken for a majority. Method: the production class, every order
// of everything, a detector that may say anything.

type Model = System<ChandraToueg, ChandraTouegEnvironment, ChandraTouegPast>

const small: ChandraTouegBounds = { servers: 3, rounds: 2, proposals: 2, crashes: 0, suspicions: 0, lateDisk: false }

function explored(
  bounds: Partial<ChandraTouegBounds>,
  change: Partial<Model> = {},
  make?: Parameters<typeof chandraTouegModel>[1],
): SearchReport {
  return search(new ActorSpace({ ...chandraTouegModel({ ...small, ...bounds }, make), ...change }))
}

function broken({ findings }: SearchReport): Finding | undefined {
  return findings.find(({ kind }) => kind === 'always')
}

describe('every order of events', () => {
  test.each<Partial<ChandraTouegBounds>>([
    { crashes: 1, rounds: 1, proposals: 1 },
    { servers: 2, suspicions: 2 },
    { servers: 2, suspicions: 1, crashes: 1, proposals: 1, lateDisk: true },
  ])('breaks no promise, and what is left out of it is dead: %j', (bounds) => {
    const [without, all] = [explored(bounds), explored(bounds, { prove: true })]
    for (const report of [without, all]) {
      expect(broken(report)).toBe(undefined)
      expect(report.complete).toBe(true)
    }
    expect(without.states).toBeLessThan(all.states)
  })
})

/** Half is enough: what it takes to get on with n = 2f. */
class HalfIsEnough extends ChandraToueg {
  protected override get quorum(): number {
    return 1
  }
}

class Forgetful extends ChandraToueg {
  override restore(record: Durable): void {
    super.restore(record.type === 'stand' ? { ...record, estimate: undefined, timestamp: 0 } : record)
  }
}

describe('one rule less is found, by the shortest way', () => {
  test('with a quorum of half of them, two decide differently (L12)', () => {
    const finding = broken(explored({ servers: 2, suspicions: 1 }, {}, HalfIsEnough))
    expect(finding?.property).toBe('agreement')
    expect(finding?.path.length).toBeLessThan(12)
  })

  test('a restart forgets what was taken over (L8)', () => {
    const finding = broken(explored({ suspicions: 1, crashes: 1 }, { steps: [] }, Forgetful))
    expect(finding?.property).toMatch(/agreement|counts what is durable/)
  })
})
