import { describe, expect, test } from 'vitest'
import { benOrWorld } from '../../testing/ben-or/worst-scheduler.ts'
import type { BenOrOptions } from './options.ts'
import type { Choice, Exchange } from './messages.ts'

// Goal: pitfalls K1, K2 and K3: votes are counted against all, not against those that came; one proposal is taken over, f + 1 decide;
// with liars both need more. Method: one participant, which is shown exactly the votes that make the difference.

/** What p1 says after it was shown these votes, of so many participants. */
function shown(
  n: number,
  options: Partial<BenOrOptions> & Pick<BenOrOptions, 'f'> & { readonly seed?: number },
  ...exchanges: (readonly Choice[])[]
): { said: object | undefined; next: Choice | undefined; decided: boolean } {
  const world = benOrWorld(n, options, options.seed)
  world.ask('p1', (benOr) => benOr.propose(0))
  for (const [i, votes] of exchanges.entries()) {
    const type: Exchange = i === 0 ? 'report' : 'proposal'
    for (const [j, value] of votes.entries())
      world.ask('p1', (benOr) => benOr.receive({ type, round: 1, value }, world.ids[j] ?? ''))
  }
  const { said } = world.node('p1').state
  return { said: said[0], next: said[1]?.report, decided: world.decided.length > 0 }
}

describe('crash faults, five of whom two may crash', () => {
  const f = { f: 2 }
  const proposed = (reports: readonly Choice[]): object | undefined => shown(5, f, reports).said

  test('two of three reports are no majority of five', () => {
    expect(proposed([1, 1, 0])).toMatchObject({ proposal: '?' })
    expect(proposed([1, 1, 1])).toMatchObject({ proposal: 1 })
  })

  test('three proposals decide, two or one are taken over, none is a coin', () => {
    const ended = (proposals: readonly Choice[]): unknown => shown(5, f, [1, 1, 0], proposals)
    expect(ended([1, 1, 1])).toMatchObject({ decided: true })
    expect(ended([1, 1, '?'])).toMatchObject({ decided: false, next: 1 })
    const next = (proposals: readonly Choice[]): Set<unknown> =>
      new Set(Array.from({ length: 10 }, (_, seed) => shown(5, { ...f, seed }, [1, 1, 0], proposals).next))
    expect(next([1, '?', '?'])).toEqual(new Set([1]))
    expect(next(['?', '?', '?'])).toEqual(new Set([0, 1]))
  })
})

describe('Byzantine faults, six of whom one may lie', () => {
  const liar = { f: 1, faults: 'byzantine' } as const

  test('four of five votes are enough, three are not', () => {
    expect(shown(6, liar, [1, 1, 1, 0, 0]).said).toMatchObject({ proposal: '?' })
    expect(shown(6, liar, [1, 1, 1, 1, 0]).said).toMatchObject({ proposal: 1 })
    expect(shown(6, liar, [1, 1, 1, 0, 0], [1, 1, 1, '?', '?'])).toMatchObject({ decided: false, next: 1 })
    expect(shown(6, liar, [1, 1, 1, 0, 0], [1, 1, 1, 1, '?'])).toMatchObject({ decided: true })
  })

  test('one proposal may be a lie: it is not taken over, two are', () => {
    const next = (proposals: readonly Choice[]): Set<unknown> =>
      new Set(Array.from({ length: 10 }, (_, seed) => shown(6, { ...liar, seed }, [1, 1, 1, 0, 0], proposals).next))
    expect(next([1, '?', '?', '?', '?'])).toEqual(new Set([0, 1]))
    expect(next([1, 1, '?', '?', '?'])).toEqual(new Set([1]))
  })

  test('one word that somebody has decided may be a lie', () => {
    const world = benOrWorld(6, liar)
    world.ask('p1', (benOr) => benOr.propose(0))
    const word = { type: 'decided', round: 1, value: 1 } as const
    world.ask('p1', (benOr) => benOr.receive(word, 'p2'))
    expect(world.decided).toEqual([])
    world.ask('p1', (benOr) => benOr.receive(word, 'p3'))
    expect(world.decided).toHaveLength(1)
  })
})

test('more liars than it survives make two decide differently', () => {
  const world = benOrWorld(6, { f: 1, faults: 'byzantine' })
  const sides = [
    ['p1', 'p3'],
    ['p2', 'p4'],
  ]
  for (const [i, side] of sides.entries())
    for (const id of side) world.ask(id, (benOr) => benOr.propose(i === 0 ? 0 : 1))
  for (const type of ['report', 'proposal'] as const)
    for (const [i, side] of sides.entries())
      for (const to of side) {
        // Two liars, and one who is not heard of the other side.
        const value = i === 0 ? 0 : 1
        for (const from of [...side, 'p5', 'p6'])
          world.ask(to, (benOr) => benOr.receive({ type, round: 1, value }, from))
        const stranger = sides[1 - i]?.[0] ?? ''
        world.ask(to, (benOr) => benOr.receive({ type, round: 1, value: value === 0 ? 1 : 0 }, stranger))
      }
  expect(world.decided.map(({ command }) => command?.checksum)).toHaveLength(4)
  expect(new Set(world.decided.map(({ command }) => command?.checksum)).size).toBe(2)
})

test('more faults than it survives are refused', () => {
  expect(() => benOrWorld(4, { f: 2 })).toThrow('n > 2f')
  expect(() => benOrWorld(5, { f: 1, faults: 'byzantine' })).toThrow('n > 5f')
})
