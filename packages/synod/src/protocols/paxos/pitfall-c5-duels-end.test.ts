import { expect, test } from 'vitest'
import { drawPlan, simulate } from '../../simulator/index.ts'
import { paxosWorld, value } from '../../testing/paxos/paxos-script.ts'
import { paxosSubject } from '../../testing/paxos/paxos-subject.ts'

// Goal: proposers who all want something at once come to an end. Method: what a proposer waits for after each refusal; then
// five who are asked at the same moment, without other faults; then the loss of the distinguished proposer.

test('whoever is refused waits for a random time, and for a longer one each time', () => {
  const world = paxosWorld('abc', { backOff: 100 })
  world.ask('a', (proposer) => proposer.propose(value('x')))
  const waits: unknown[] = []
  for (let refusals = 1; refusals <= 5; refusals++) {
    const { attempt } = world.node('a').state
    const promised = { round: 10 * refusals, id: 'b' }
    world.ask('a', (proposer) =>
      proposer.receive({ type: 'refused', ballot: attempt?.ballot ?? promised, promised }, 'b'),
    )
    waits.push(world.wait('a', 'retry'))
    world.fire('a', 'retry')
    expect(world.node('a').state.attempt?.ballot.round).toBe(10 * refusals + 1)
  }
  expect(waits).toEqual([200, 400, 800, 1600, 1600].map((max) => ({ min: 100, max })))
})

test.each([1, 2, 3, 4])('a duel of five ends (seed %i)', (seed) => {
  const plan = drawPlan(paxosSubject, seed, { nodes: 5, without: 'all', duration: 400 })
  const operations = plan.nodes.map((node) => ({ at: 10, client: node, node, operation: { ask: `of ${node}` } }))
  const run = simulate(paxosSubject, { ...plan, settings: { paxos: {} }, operations, patience: 5000 })
  expect(run.violation).toBe(undefined)
  expect(run.reached).toContain('two ballots at once')
})

test('the distinguished proposer proposes for all, and its loss is survived', () => {
  const world = paxosWorld('abc', { distinguished: 'a' })
  world.ask('b', (proposer) => proposer.propose(value('y')))
  world.ask('c', (proposer) => proposer.propose(value('z')))
  expect(world.underWay.map(({ to, message }) => `${message.type} ${to}`)).toEqual(['wish a', 'wish a'])
  world.crash('a')
  world.deliverAll()
  world.fire('c', 'retry')
  world.deliverAll()
  expect(world.decided.map(({ id, command }) => `${id} ${command?.origin}`)).toEqual(['b z', 'c z'])
})
