import { expect, test } from 'vitest'
import { paxosWorld, value, type PaxosWorld } from '../../testing/paxos/paxos-script.ts'

// Goal: an acceptor looks at its promise again when it is asked to accept, and both are on its disk before anybody hears of
// them. Method: proposals that overtake each other; then disks that are synced by hand.
const prepare = (round: number, id: string) => ({ type: 'prepare', ballot: { round, id } }) as const
const accept = (round: number, id: string, text: string) =>
  ({ type: 'accept', ballot: { round, id }, value: value(text) }) as const

function said(world: PaxosWorld, to: string): string[] {
  return world.underWay.filter((one) => one.to === to).map(({ message }) => message.type)
}

test('a proposal below the promise is refused', () => {
  const world = paxosWorld('abc')
  world.ask('c', (acceptor) => acceptor.receive(prepare(1, 'a'), 'a'))
  world.ask('c', (acceptor) => acceptor.receive(prepare(2, 'b'), 'b'))
  world.ask('c', (acceptor) => acceptor.receive(accept(1, 'a', 'x'), 'a'))
  expect(said(world, 'a')).toEqual(['promise', 'refused'])
  expect(world.node('c').state.accepted).toBe(undefined)
})

test('a promise leaves when it is durable, and is kept after a loss of power', () => {
  const world = paxosWorld('abc', {}, 'by hand')
  world.ask('c', (acceptor) => acceptor.receive(prepare(2, 'b'), 'b'))
  expect(said(world, 'b')).toEqual([])
  world.sync('c')
  expect(said(world, 'b')).toEqual(['promise'])
  world.crash('c')
  world.start('c')
  world.ask('c', (acceptor) => acceptor.receive(accept(1, 'a', 'x'), 'a'))
  expect(said(world, 'a')).toEqual(['refused'])
})

test('an acceptance leaves when it is durable, and is reported after a loss of power', () => {
  const world = paxosWorld('abc', {}, 'by hand')
  world.ask('c', (acceptor) => acceptor.receive(accept(1, 'a', 'x'), 'a'))
  expect(said(world, 'a')).toEqual([])
  world.sync('c')
  expect(said(world, 'a')).toEqual(['accepted'])
  world.crash('c')
  world.start('c')
  world.ask('c', (acceptor) => acceptor.receive(prepare(2, 'b'), 'b'))
  world.sync('c')
  expect(world.underWay.at(-1)?.message).toMatchObject({ type: 'promise', accepted: { ballot: { round: 1, id: 'a' } } })
})
