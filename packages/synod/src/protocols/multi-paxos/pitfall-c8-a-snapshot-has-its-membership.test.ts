import { expect, test } from 'vitest'
import { voting } from '../../core/index.ts'
import { electorateAt, membershipAt } from './configuration.ts'

// Goal: a snapshot says of its slot what the log would have said: in between two memberships, that both are needed.
// Method: the same slots, counted by a log and by a snapshot that was taken in between.
const alpha = 4
const [before, after] = [voting(['a', 'b', 'c']), voting(['c', 'd', 'e'])]
const memberships = [
  { index: 0, membership: before },
  { index: 10, membership: after },
]

test.each([10, 11, 12])('a snapshot of slot %i, while the change is not in force, names both', (index) => {
  const membership = membershipAt({ memberships, decided: index }, index, alpha)
  expect(membership).toMatchObject({ voters: after.voters, outgoing: before.voters })
  const installed = { memberships: [{ index, membership }], decided: index }
  for (let slot = index + 1; slot < 20; slot++) {
    const { voters, outgoing } = electorateAt(installed, slot, alpha)
    const needed = electorateAt({ memberships, decided: index }, slot, alpha).voters
    expect([voters, outgoing]).toContainEqual(needed)
  }
})

test.each([9, 13, 20])('a snapshot of slot %i names one', (index) => {
  const membership = membershipAt({ memberships, decided: index }, index, alpha)
  expect(membership).toEqual(index < 10 ? before : after)
})
