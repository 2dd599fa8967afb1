import { expect, test } from 'vitest'
import { paxosWorld, value } from '../../testing/paxos/paxos-script.ts'

// Goal: what is proposed is the value of the highest ballot that a quorum reports, not the most frequent one, nor the first.
// Method: a quorum of three of five reports x, y, x, where y has the highest ballot; in each order.
const x = { ballot: { round: 1, id: 'a' }, value: value('x') }
const y = { ballot: { round: 2, id: 'b' }, value: value('y') }

test.each([[[x, y, x]], [[y, x, x]], [[x, x, y]]])('the highest of %#', (reports) => {
  const world = paxosWorld('abcde')
  for (const id of ['a', 'b', 'd']) {
    const accepted = reports[['a', 'b', 'd'].indexOf(id)]
    if (accepted !== undefined) world.ask(id, (acceptor) => acceptor.receive({ type: 'accept', ...accepted }, id))
  }
  world.underWay.length = 0
  world.ask('e', (proposer) => proposer.propose(value('z')))
  for (const one of world.underWay.slice()) {
    if ('abd'.includes(one.to)) world.deliver(one)
    else world.lose(one)
  }
  world.deliverAll(({ message }) => message.type === 'refused')
  world.fire('e', 'retry')
  for (const one of world.underWay.slice()) if ('abd'.includes(one.to)) world.deliver(one)
  world.deliverAll(({ message }) => message.type === 'promise')
  const proposed = world.underWay.filter(({ message }) => message.type === 'accept')
  expect(proposed).toHaveLength(5)
  for (const { message } of proposed) expect(message).toMatchObject({ value: { origin: 'y' } })
})

test('where nothing was accepted the wish is free', () => {
  const world = paxosWorld('abc')
  world.ask('a', (proposer) => proposer.propose(value('x')))
  world.deliverAll(({ message }) => message.type !== 'accept')
  expect(world.underWay[0]?.message).toMatchObject({ type: 'accept', value: { origin: 'x' } })
})
