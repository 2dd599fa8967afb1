import { expect, test } from 'vitest'
import type { NodeId } from '../../core/index.ts'
import { initialBroadcastState, ReliableBroadcast, type BroadcastMessage } from './reliable-broadcast.ts'
import { valueOf } from '../../testing/chandra-toueg/chandra-toueg-script.ts'

// Goal: pitfall L10: whoever delivers has relayed before. Method: the order of what one process does; and a sender that crashes
// after its first message.

/** What it does, in order. */
function process(self: NodeId, done: string[], out: [NodeId, BroadcastMessage][] = []): ReliableBroadcast {
  const state = { ...initialBroadcastState }
  const send = (to: NodeId, message: BroadcastMessage): void => {
    done.push(`to ${to}`)
    out.push([to, message])
  }
  const nothing = (): void => undefined
  const env = { self, send, sendAhead: send, setTimer: nothing, clearTimer: nothing, choose: () => 0 }
  return new ReliableBroadcast(
    env,
    ['a', 'b', 'c'],
    ({ origin }) => done.push(`delivers ${origin}`),
    () => state,
  )
}

const message = { origin: 'a', sequence: 1, value: valueOf('red') }

test('relays, and only then delivers', () => {
  const done: string[] = []
  process('b', done).receive(message)
  expect(done).toEqual(['to a', 'to c', 'delivers red'])
})

test('delivers once', () => {
  const done: string[] = []
  const b = process('b', done)
  b.receive(message)
  b.receive(message)
  b.receive({ ...message, sequence: 2 })
  expect(done.filter((what) => what.startsWith('delivers'))).toHaveLength(2)
})

test('what one delivers all deliver, though the sender crashed in the middle', () => {
  const out: [NodeId, BroadcastMessage][] = []
  process('a', []).broadcast(valueOf('red'))
  const [done, doneOfC]: [string[], string[]] = [[], []]
  process('b', done, out).receive(message)
  const c = process('c', doneOfC)
  for (const [to, relayed] of out) if (to === 'c') c.receive(relayed)
  expect(doneOfC).toContain('delivers red')
})
