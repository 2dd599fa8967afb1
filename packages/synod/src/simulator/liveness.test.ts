import { expect, test } from 'vitest'
import type { NodeId } from '../core/index.ts'
import {
  describeProtocol,
  drawPlan,
  jsonCommand,
  simulate,
  type Fault,
  type Participant,
  type ParticipantEnvironment,
  type ParticipantNode,
  type Plan,
  type Subject,
} from './index.ts'

// Goal: a protocol that does not get on is found out, and no other. Method: one that needs an answer of everybody, or of
// a majority; runs in which a node is missing until the core is chosen.

interface Message {
  readonly type: 'ask' | 'yes' | 'done'
}
type Durable = { readonly written: string }
type Env = ParticipantEnvironment<Message, Durable>

class Asker {
  state: { asks: boolean; yes: NodeId[]; done: boolean } = { asks: false, yes: [], done: false }
  readonly env: Env
  readonly nodes: readonly NodeId[]

  constructor(env: Env, nodes: readonly NodeId[]) {
    this.env = env
    this.nodes = nodes
  }

  /** What is written makes no difference. */
  restore(): void {
    this.state.yes = []
  }

  start(): void {
    this.env.persist({ written: this.written() })
  }

  written(): string {
    return 'always the same'
  }

  needed(): number {
    return this.nodes.length
  }

  begin(): void {
    this.state.asks = true
    this.timeout()
  }

  timeout(): void {
    for (const id of this.nodes) this.env.send(id, { type: 'ask' })
    if (!this.state.done) this.env.setTimer('again', 100, 200)
  }

  receive({ type }: Message, from: NodeId): void {
    const { state, env } = this
    if (type === 'ask') return env.send(from, { type: state.done ? 'done' : 'yes' })
    if (type === 'yes' && !state.yes.includes(from)) state.yes.push(from)
    if (state.done || (type === 'yes' && (!state.asks || state.yes.length < this.needed()))) return
    state.done = true
    for (const id of this.nodes) env.send(id, { type: 'done' })
    env.decide(1, 0, jsonCommand('enough said yes'))
  }
}

class MajorityAsker extends Asker {
  override needed(): number {
    return Math.floor(this.nodes.length / 2) + 1
  }
}

type Node = ParticipantNode<Asker['state']>
type Described = Subject<Participant<Asker, Message, Durable>, Node>

function described(Protocol: typeof Asker): Described {
  return describeProtocol({
    name: 'asker',
    make: (env: Env, nodes: readonly NodeId[]) => new Protocol(env, nodes),
    pace: 200,
    inputs: { begin: () => null },
    invariants: [],
  })
}

/** Three nodes, of which one is down until the end of the faults. */
function planOf(subject: Described, seed: number, rest: Partial<Plan> = {}): Plan {
  const faults: Fault[] = [{ type: 'crash', at: 1, for: 4999, node: 'c' }]
  return { ...drawPlan(subject, seed, { nodes: 3, duration: 5000, without: 'all', load: 2 }), faults, ...rest }
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

test('a protocol that any single node can hold up does not get on, though all were whole for a moment', () => {
  const subject = described(Asker)
  const broken = seeds.map((seed) => simulate(subject, planOf(subject, seed)).violation)
  const found = broken.filter((violation) => violation !== undefined)
  // Those in which c, which was never heard, is outside again, and nothing that it says comes through.
  expect(found.length).toBeGreaterThan(3)
  for (const { invariant, message } of found) {
    expect(invariant).toBe('progress')
    expect(message).toMatch(/^the core \w, \w did not get on within 8000 ms.*\(outside: \w .*\): \w has/)
  }
})

test('one that needs a majority gets on, in each of them', () => {
  const subject = described(MajorityAsker)
  for (const seed of seeds) {
    const { violation, progress } = simulate(subject, planOf(subject, seed))
    expect(violation).toBe(undefined)
    expect(progress?.core).toHaveLength(2)
  }
})

test('that nobody works is a failure, unless the plan took too many away', () => {
  const subject = described(MajorityAsker)
  const without = (mayBeMissing: boolean): Described => ({
    ...subject,
    play: (plan, stage) =>
      Object.assign(subject.play(plan, stage), { takesPart: () => false, mayBeMissing: () => mayBeMissing }),
  })
  expect(simulate(without(false), planOf(subject, 1)).violation).toMatchObject({
    invariant: 'progress',
    message: expect.stringMatching(/^no core can get on, 800 ms after all faults: a has .*; b has .*; c has/),
  })
  const excused = simulate(without(true), planOf(subject, 1))
  expect(excused.violation).toBe(undefined)
  expect(excused.progress).toBe(undefined)
})

test('what keeps nodes out of a core is no activation of a fault of the plan', () => {
  const subject = described(MajorityAsker)
  const spell = { at: 1, for: 4999 }
  const idle: Fault[] = [
    { type: 'partition', shape: 'random', ...spell, links: [] },
    { type: 'loss', ...spell, links: ['a>b'], share: 0 },
  ]
  for (const seed of seeds) {
    const { progress, silent, violation } = simulate(subject, planOf(subject, seed, { faults: idle, operations: [] }))
    expect(violation).toBeUndefined()
    expect(progress).toBeDefined()
    expect(silent).toEqual(['partition', 'loss'])
  }
})

test('what a client asks next does not wait for a node that is down', () => {
  const subject = described(MajorityAsker)
  const ask = (node: NodeId): Plan['operations'][number] => ({
    at: 500,
    client: 'client',
    node,
    operation: { begin: null },
  })
  const faults: Fault[] = [
    { type: 'crash', at: 1, for: 4999, node: 'c' },
    { type: 'stall', at: 400, for: 500, node: 'a' },
  ]
  const operations = [ask('a'), ask('c'), ask('b')]
  const { answers } = simulate(subject, planOf(subject, 1, { operations, faults, patience: 0 }))
  expect(answers).toEqual({ ok: 2, rejected: 0, unknown: 0, unsent: 1 })
})

test('runs that differ in nothing but what is written to a disk are not the same run', () => {
  let written = 'one'
  class Writer extends MajorityAsker {
    override written(): string {
      return written
    }
  }
  const subject = described(Writer)
  const first = simulate(subject, planOf(subject, 1))
  expect(simulate(subject, planOf(subject, 1)).trace.hash).toBe(first.trace.hash)
  written = 'two'
  expect(simulate(subject, planOf(subject, 1)).trace.hash).not.toBe(first.trace.hash)
})
