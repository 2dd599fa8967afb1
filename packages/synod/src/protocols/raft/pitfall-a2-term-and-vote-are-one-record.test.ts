import { expect, test } from 'vitest'
import type { Durable } from './messages.ts'
import { chaos } from './testing/chaos.ts'

// Goal: term and vote are written together, and every record restores both (hashicorp/raft#661).
// Method: of a run with elections, crashes and entries, each prefix of the journal ends with what the last record says.
test('whichever record is the last one readable, it holds term and vote', () => {
  const { world } = chaos(5, 40)
  let given = 0
  const kinds = new Set<Durable['type']>()
  for (const { journal } of world.members.values()) {
    const votes = new Map<number, string>()
    for (const { type, currentTerm, votedFor } of journal) {
      kinds.add(type)
      const before = votes.get(currentTerm)
      if (before !== undefined) expect(votedFor).toBe(before)
      if (votedFor !== undefined) votes.set(currentTerm, votedFor)
    }
    given += votes.size
  }
  expect(given).toBeGreaterThan(3)
  expect(kinds).toContain('entries')
})
