import fc from 'fast-check'
import { expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { quorumReached } from './log.ts'
import { initialState } from './state.ts'

// Goal: the index that a quorum has is the same however the members are ordered (openraft#1802).
// Method: against the definition, for any members and any acknowledgements, nine sorting like text before ten included.
test('the index that a quorum has reached does not depend on the order of the members', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 9 }),
      fc.infiniteStream(fc.nat()),
      (indexes, order) => {
        const keyed = indexes.map((index, i) => ({ id: `m${i}`, index, key: order.next().value ?? 0 }))
        const shuffled = keyed.toSorted((a, b) => a.key - b.key)
        const acknowledged = Object.fromEntries(shuffled.map(({ id, index }) => [id, index]))
        const state = initialState()
        state.memberships = [{ index: 0, membership: { ...voting([]), voters: shuffled.map(({ id }) => id) } }]
        const majority = Math.floor(indexes.length / 2) + 1
        const expected = Math.max(
          ...[0, ...indexes].filter((index) => indexes.filter((other) => other >= index).length >= majority),
        )
        expect(quorumReached(state, (voter) => acknowledged[voter])).toBe(expected)
      },
    ),
  )
})
