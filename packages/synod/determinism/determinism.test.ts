import { expect, test } from 'vitest'
import { describeProtocol, drawPlan, firstDifference, type ParticipantEnvironment, type Plan } from 'synod/simulator'
import { MendedPaxos } from '../../../examples/mended-paxos.ts'
import type { Durable, Message } from '../../../examples/paxos.ts'
import { tracedRun, tracedRuns } from './runs.ts'

// Goal: a plan is a run, the same one each time; what breaks that is found, and named. Method: everything twice; and a
// protocol that asks the platform for chance, as nobody must.

test('the same plans are the same runs, event by event', () => {
  const [first, second] = [tracedRuns(), tracedRuns()]
  for (const [i, { name, nodes, steps, hash, violation }] of first.entries()) {
    expect(firstDifference(steps, second[i]?.steps ?? [], nodes), name).toBe(undefined)
    expect({ name, hash, violation }).toEqual({ name, hash: second[i]?.hash, violation: second[i]?.violation })
  }
})

test('these runs are worth comparing', () => {
  const runs = tracedRuns()
  expect(new Set(runs.map(({ hash }) => hash)).size).toBe(runs.length)
  for (const { name, steps } of runs) expect(steps.length, name).toBeGreaterThan(50)
  expect(runs.filter(({ violation }) => violation !== undefined).map(({ violation }) => violation)).not.toEqual([])
})

test('what leaks into a run is found, at the node where it did', () => {
  let leaky = false
  class Leaky extends MendedPaxos {
    override timeout(): void {
      super.timeout()
      if (leaky && this.env.self === 'b') this.env.setTimer('retry', 200 + Math.random(), 600)
    }
  }
  const subject = describeProtocol({
    name: 'leaky',
    make: (env: ParticipantEnvironment<Message, Durable>, nodes) => new Leaky(env, nodes),
    inputs: { propose: () => 'red' },
  })
  const plan: Plan = {
    ...drawPlan(subject, 1, { nodes: 3, duration: 5000, without: 'all' }),
    operations: [{ at: 500, client: 'client', node: 'b', operation: { propose: 'red' } }],
    // Nobody hears b, who therefore asks again and again.
    faults: [{ type: 'partition', shape: 'mute', at: 100, for: 4000, links: ['b>a', 'b>c'] }],
  }
  const orderly = tracedRun(subject, plan)
  leaky = true
  const difference = firstDifference(orderly.steps, tracedRun(subject, plan).steps, plan.nodes)
  expect(difference).toMatch(
    /^event \d+ differs: in the first run an alarm rings at b at [\d.]+ ms, in the second an alarm rings at b at [\d.]+ ms$/,
  )
})
