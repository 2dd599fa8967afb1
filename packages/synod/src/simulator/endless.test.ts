import { expect, test } from 'vitest'
import type { NodeId } from '../core/index.ts'
import {
  describeProtocol,
  drawPlan,
  readArtefact,
  shrink,
  simulate,
  sizeOf,
  writeArtefact,
  type ParticipantEnvironment,
} from './index.ts'

// Goal: a protocol that goes round in a circle, without any time going by, is found like any other bug, and not waited
// for. Method: circles within an event, and over events, each begun by a client.

interface Message {
  readonly type: 'again'
}
type Env = ParticipantEnvironment<Message, never>

abstract class Circle {
  state: { rounds: number } = { rounds: 0 }
  readonly env: Env
  readonly nodes: readonly NodeId[]

  constructor(env: Env, nodes: readonly NodeId[]) {
    this.env = env
    this.nodes = nodes
  }

  start(): void {
    this.state.rounds = 0
  }

  restore(): void {
    this.state.rounds = 0
  }

  begin(): void {
    this.round()
  }

  timeout(): void {
    this.round()
  }

  receive(): void {
    this.round()
  }

  abstract round(): void
}

/** Sets a timer of no time, again and again. */
class Restless extends Circle {
  override round(): void {
    this.env.setTimer('again', 0, 0)
  }
}

/** Writes to itself. */
class Soliloquist extends Circle {
  override round(): void {
    this.env.send(this.env.self, { type: 'again' })
  }
}

/** Writes to all others, over links that take no time. */
class Chatterer extends Circle {
  override round(): void {
    for (const id of this.nodes) if (id !== this.env.self) this.env.send(id, { type: 'again' })
  }
}

test.each([
  ['timers that take no time', Restless],
  ['messages to itself', Soliloquist],
  ['messages that take no time', Chatterer],
])('a circle of %s is a violation, which is shrunk and replayed', (_, Protocol) => {
  const subject = describeProtocol({
    name: 'circle',
    make: (env: Env, nodes: readonly NodeId[]) => new Protocol(env, nodes),
    pace: 200,
    inputs: { begin: () => null },
    invariants: [],
    settled: () => true,
  })
  const drawn = drawPlan(subject, 1, { nodes: 2, duration: 2000, load: 5 })
  const plan = { ...drawn, latency: { kind: 'uniform', min: 0, max: 0 } as const }
  const { violation } = simulate(subject, plan)
  expect(violation).toMatchObject({
    invariant: 'time goes on',
    message: expect.stringMatching(/^more than 100,000 things happen at once, at [\d.,]+ ms: /),
  })
  const small = shrink(subject, plan, 'time goes on', { enough: enough(8) })
  if (small === undefined) throw new Error('it did not fail again')
  expect(sizeOf(small.plan)).toBeLessThan(sizeOf(plan))
  const { trace, violation: found } = small.outcome
  const artefact = readArtefact(writeArtefact({ plan: small.plan, violation: found, trace: trace.hash }))
  expect(simulate(subject, artefact.plan)).toMatchObject({ violation: found, trace: { hash: trace.hash } })
})

/** After so many runs. */
function enough(runs: number): () => boolean {
  let left = runs
  return () => left-- <= 0
}
