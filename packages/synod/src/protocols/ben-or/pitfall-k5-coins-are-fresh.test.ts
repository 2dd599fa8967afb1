import { expect, test } from 'vitest'
import type { NodeId } from '../../core/index.ts'
import { HandWorld } from '../../testing/hand-world.ts'
import { BenOr } from './ben-or.ts'
import type { Durable, Message } from './messages.ts'
import { defaultBenOrOptions } from './options.ts'

// Goal: a coin is tossed only when the votes are in, once a round and participant, and only if it is needed.
// Method: a world that writes down each toss.

function world(tosses: string[]): HandWorld<BenOr, Message, Durable> {
  const made = new HandWorld<BenOr, Message, Durable>(
    ['a', 'b', 'c'],
    (env, all) => new BenOr(env, all, { ...defaultBenOrOptions, f: 1 }),
    {
      coin: (id: NodeId) => {
        tosses.push(`${id} in round ${made.node(id).state.round}`)
        return 0
      },
    },
  )
  return made
}

test('not before enough proposals are there, and then once', () => {
  const tosses: string[] = []
  const made = world(tosses)
  made.ask('a', (benOr) => benOr.propose(0))
  made.ask('b', (benOr) => benOr.propose(1))
  made.deliverAll(({ message }) => message.type === 'report')
  made.deliverAll(({ from, message }) => from === 'a' && message.type === 'proposal')
  expect(tosses).toEqual([])
  made.deliverAll(({ message }) => message.type === 'proposal' && message.round === 1)
  expect(tosses).toEqual(['a in round 1', 'b in round 1'])
})

test('not where a value is decided', () => {
  const tosses: string[] = []
  const made = world(tosses)
  for (const id of made.ids) made.ask(id, (benOr) => benOr.propose(1))
  made.deliverAll()
  expect(made.decided).toHaveLength(3)
  expect(tosses).toEqual([])
})
