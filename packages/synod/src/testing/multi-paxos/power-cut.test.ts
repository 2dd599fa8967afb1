import { expect, test } from 'vitest'
import { playPowerCut } from '../power-cut.ts'

// Goal: nothing acknowledged is lost, no round is promised twice and no member refuses to start, at whatever instant the
// power goes. Method: the script of puts and two elections is played once for each operation that changes a disk, and power
// is cut right after that one: at one member, and at all of them.
const script = { seed: 1, puts: 80, engine: 'multi-paxos' } as const
const whole = playPowerCut({ ...script, cut: undefined })

test('the script without a cut acknowledges every put, through two elections', () => {
  expect(whole).toMatchObject({ violations: [], acknowledged: 80, unknown: 0, elections: 2 })
})

test.each(['a', 'b', 'c'])('%s may lose its power after any of its disk operations', { timeout: 120_000 }, (node) => {
  const broken: unknown[] = []
  for (let after = 1; after <= (whole.operations[node] ?? 0); after++) {
    const outcome = playPowerCut({ ...script, cut: { node, after } })
    if (outcome.violations.length > 0) broken.push({ after, ...outcome })
  }
  expect(broken).toEqual([])
})

test('all may lose their power at once', { timeout: 120_000 }, () => {
  const broken: unknown[] = []
  for (let after = 1; after <= (whole.operations['a'] ?? 0); after++) {
    const outcome = playPowerCut({ ...script, cut: { node: 'a', after, all: true } })
    if (outcome.violations.length > 0) broken.push({ after, ...outcome })
  }
  expect(broken).toEqual([])
})
