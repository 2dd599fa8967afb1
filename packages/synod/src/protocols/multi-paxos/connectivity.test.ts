import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { EngineNode } from '../../testing/log-engine/engine-world.ts'
import { constrainedAndBehind, linkFaults, outcomes, promisedIn, Struck } from '../../testing/log-engine/link-faults.ts'
import {
  defaultMultiPaxosOptions,
  MultiPaxos,
  multiPaxosInvariants,
  type MultiPaxosEnvironment,
  type MultiPaxosState,
} from './index.ts'

// Goal: README's table says what becomes of a cluster under faults of its links, and within how many election timeouts there is a
// leader that stays. Method: each row is a minute of virtual time, several seeds, commands all the while; the worst of them counts.
const parts = {
  name: 'Multi-Paxos',
  create: (env: MultiPaxosEnvironment) => new MultiPaxos(env, defaultMultiPaxosOptions),
  invariants: multiPaxosInvariants,
  look: (node: EngineNode<MultiPaxosState>) =>
    Object.create(node, { alpha: { value: defaultMultiPaxosOptions.alpha } }) as typeof node & { alpha: number },
}
const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')

describe('README promises, and it is so', () => {
  test.each([...linkFaults, constrainedAndBehind].map((fault) => [fault.name, fault] as const))('%s', (_, fault) => {
    const met = [1, 2, 3, 4, 5].map((seed) => new Struck(parts, fault, seed).outcome())
    const worst = outcomes.findLast((one) => met.some(({ outcome }) => outcome === one))
    const seconds = Math.max(...met.map(({ settledAfter }) => settledAfter)) / 1000
    expect([worst, String(seconds)]).toEqual(promisedIn(readme, fault))
  })
})
