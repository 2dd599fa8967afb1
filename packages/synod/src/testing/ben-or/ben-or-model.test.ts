import { describe, expect, test } from 'vitest'
import { ActorSpace, search, type SearchReport } from '../../explorer/index.ts'
import { BenOr, defaultBenOrOptions, type Durable } from '../../protocols/ben-or/index.ts'
import { benOrModel, type BenOrBounds } from './ben-or-model.ts'

// Goal: within small bounds there is no order of events, and no way for the coins to fall, in which a promise is broken.
// Method: the production class, every order of everything; then with one rule less.

const small: BenOrBounds = { participants: 2, faults: 0, ones: 1, rounds: 2, crashes: 0, lateDisk: false }

function explored(bounds: Partial<BenOrBounds>, prove = false): SearchReport & { situations: unknown } {
  const space = new ActorSpace({ ...benOrModel({ ...small, ...bounds }), prove })
  return { ...search(space), situations: space.statistics()['situations'] }
}

describe('every order of events, and of coins', () => {
  test.each<Partial<BenOrBounds>>([{ crashes: 1 }, { crashes: 1, lateDisk: true }])(
    'breaks no promise, and what is left out of it is dead: %j',
    (bounds) => {
      const [without, all] = [explored(bounds), explored(bounds, true)]
      for (const { findings, complete } of [without, all]) {
        expect(findings.filter(({ kind }) => kind === 'always')).toEqual([])
        expect(complete).toBe(true)
      }
      expect(without.situations).toBe(all.situations)
    },
  )

  test('both values may be decided where the participants begin with both', () => {
    const seen = explored({}).findings.map(({ property }) => property)
    expect(seen).toEqual(expect.arrayContaining(['0 is decided', '1 is decided', 'a second round']))
  })
})

/** Its disk keeps no proposals. */
class Forgetful extends BenOr {
  override restore(record: Durable): void {
    if (record.type !== 'proposal') super.restore(record)
  }

  override start(): void {
    super.start()
    this.propose(this.state.said.length === 0 ? 1 : 0)
  }
}

test('a restart that forgets its proposal is found', () => {
  const make = (env: ConstructorParameters<typeof BenOr>[0]): BenOr =>
    new Forgetful(env, ['a', 'b'], { ...defaultBenOrOptions, f: 0 })
  const { findings } = search(new ActorSpace({ ...benOrModel({ ...small, crashes: 1 }), make }))
  expect(findings.find(({ kind }) => kind === 'always')?.property).toBe('durable before sent')
})
