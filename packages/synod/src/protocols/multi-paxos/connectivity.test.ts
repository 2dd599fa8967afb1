import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { constrainedAndBehind, linkFaults, outcomes, promisedIn, Struck } from '../../testing/log-engine/link-faults.ts'
import { multiPaxosParts } from '../../testing/multi-paxos/multi-paxos-parts.ts'

// Goal: README's table says what becomes of a cluster under faults of its links, and within how many election timeouts there is a
// leader that stays. Method: each row is a minute of virtual time, several seeds, commands all the while; the worst of them counts.
const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')

describe('README promises, and it is so', () => {
  test.each([...linkFaults, constrainedAndBehind].map((fault) => [fault.name, fault] as const))('%s', (_, fault) => {
    const met = [1, 2, 3, 4, 5].map((seed) => new Struck(multiPaxosParts(), fault, seed).outcome())
    const worst = outcomes.findLast((one) => met.some(({ outcome }) => outcome === one))
    const seconds = Math.max(...met.map(({ settledAfter }) => settledAfter)) / 1000
    expect([worst, String(seconds)]).toEqual(promisedIn(readme, fault))
  })
})
