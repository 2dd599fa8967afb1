import { expect, it } from 'vitest'
import { playComingAndGoing } from './coming-and-going.ts'

/**
 * Goal: whatever happens while members come and go, nothing acknowledged is lost, no answer to a change was wrong, nobody
 * halts without a reason, and the cluster settles. Method: random plays, each of sixty happenings, then all is mended.
 */
it('members come and go under crashes, cuts and exchanged disks', { timeout: 120_000 }, () => {
  const counts: Record<string, number> = {}
  for (let seed = 1; seed <= 60; seed++) {
    const play = playComingAndGoing(seed)
    expect(play.violations, `seed ${seed}`).toEqual([])
    for (const [what, times] of Object.entries(play.counts)) counts[what] = (counts[what] ?? 0) + times
  }
  // What must have come about for this to mean anything.
  for (const what of ['addVoter: done', 'addLearner: done', 'promote: done', 'remove: done', 'exchange a disk']) {
    expect(counts[what], what).toBeGreaterThan(3)
  }
  for (const what of ['cut the power', 'kill', 'part two', 'transfer', 'halted: removed', 'halted: lost-disk']) {
    expect(counts[what], what).toBeGreaterThan(3)
  }
})
