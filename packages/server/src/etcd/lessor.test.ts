import { afterEach, beforeEach, expect, test } from 'vitest'
import { putOf } from 'synod/store'
import { Front } from './front.ts'
import type { Lessor } from './lessor.ts'
import { firstSeat } from '../seat.ts'
import { configFor, ImmediateReplica, noLeader } from '../testing/one-node.ts'

// The lessor's clock is the test's: nothing here waits.

let replica: ImmediateReplica
let front: Front
let lessor: Lessor
let now: number

beforeEach(() => {
  const config = configFor('m1')
  const seat = firstSeat(config)
  replica = new ImmediateReplica(seat.self)
  front = new Front({ seat, replica, machine: replica.machine, applied: () => replica.index }, config, () => now)
  now = 0
  lessor = front.lessor
  lessor.start()
})
afterEach(() => lessor.stop())

async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}

async function tickAt(time: number): Promise<void> {
  now = time
  lessor.tick()
  await turns()
}

async function grant(id: bigint, ttlSeconds: number, key?: string): Promise<void> {
  const ignored = { applied: () => {}, readable: () => {}, failed: () => {} }
  front.submit({ type: 'leaseGrant', id, ttlSeconds }, ignored)
  const bytes = new TextEncoder().encode(key ?? '')
  const none = new Uint8Array(0)
  if (key !== undefined) {
    front.submit(putOf(bytes, none, { lease: id }), ignored)
  }
  await turns()
}

function living(): bigint[] {
  return [...front.store.leases.values()].map(({ id }) => id)
}

test('a lease ends with its keys when its time is over, and not before', async () => {
  await tickAt(0)
  await grant(1n, 5, 'a')
  await grant(2n, 60, 'b')
  await tickAt(4999)
  expect(living()).toEqual([1n, 2n])
  await tickAt(5000)
  expect(living()).toEqual([2n])
  expect([...front.store.keys.values()].filter((key) => key.exists).map((key) => key.text)).toEqual(['b'])
})

test('how long a lease still runs is said by whoever counts, and asked of it by the others', async () => {
  await tickAt(0)
  await grant(1n, 5)
  now = 1500
  expect(front.lessor.remaining(1n)).toBe(3)
  expect(front.lessor.remaining(2n)).toBeUndefined()
  const told: number[] = []
  front.lessor.ask(1n, (seconds) => told.push(seconds))
  for (let i = 0; i < 3; i++) await turns()
  expect(told).toEqual([3])

  // Nobody answers for a leader that is another member.
  replica.leader = 'another'
  expect(front.lessor.remaining(1n)).toBeUndefined()
  const takeBack = front.lessor.ask(1n, (seconds) => told.push(seconds))
  for (let i = 0; i < 3; i++) await turns()
  takeBack()
  expect(told).toEqual([3])
})

test('pitfall own: who comes to lead does not answer what its log asks of leaders before it', async () => {
  await tickAt(0)
  await grant(1n, 5)
  replica.term = 3
  // As after a start: the log is applied by a member that leads already.
  const asked = replica.index
  for (let i = 0; i < 50; i++) lessor.ask(1n, () => {})
  await turns()
  await turns()
  expect(replica.index).toBe(asked + 1)
  // From its own taking over on, it does.
  await tickAt(500)
  const told: number[] = []
  lessor.ask(1n, (seconds) => told.push(seconds))
  for (let i = 0; i < 3; i++) await turns()
  expect(told).toEqual([5])
})

test('leases are listed by their ends', async () => {
  await tickAt(0)
  await grant(30n, 100)
  await grant(10n, 300)
  await grant(20n, 200)
  expect(lessor.leases().map(({ id }) => id)).toEqual([30n, 20n, 10n])
})

test('only the leader lets leases end', async () => {
  await tickAt(0)
  await grant(1n, 5)
  replica.leader = 'another'
  await tickAt(60_000)
  expect(living()).toEqual([1n])
})

test('pitfall G5: a new leader gives every lease its whole time again', async () => {
  await tickAt(0)
  await grant(1n, 5)
  replica.leader = 'another'
  await tickAt(4000)
  replica.leader = replica.self
  replica.term = 7
  await tickAt(6000)
  await tickAt(10_999)
  expect(living()).toEqual([1n])
  await tickAt(11_000)
  expect(living()).toEqual([])
})

test('a lease granted anew under the same id has its own time', async () => {
  await tickAt(0)
  await grant(1n, 5)
  const ignored = { applied: () => {}, readable: () => {}, failed: () => {} }
  front.submit({ type: 'leaseRevoke', id: 1n }, ignored)
  now = 4000
  await grant(1n, 5)
  await tickAt(8999)
  expect(living()).toEqual([1n])
  await tickAt(9000)
  expect(living()).toEqual([])
})

test('an end that could not be proposed is proposed again', async () => {
  await tickAt(0)
  await grant(1n, 5)
  replica.failure = noLeader
  await tickAt(5000)
  replica.failure = undefined
  expect(living()).toEqual([1n])
  await tickAt(5500)
  expect(living()).toEqual([])
})

test('many leases end in several ticks, so that writes find room between them', async () => {
  await tickAt(0)
  for (let id = 1n; id <= 1200n; id++) await grant(id, 5)
  await tickAt(5000)
  expect(living()).toHaveLength(700)
  await tickAt(5500)
  await tickAt(6000)
  expect(living()).toEqual([])
})

test('a leader that could not take over tries again before it ends any lease', async () => {
  await grant(1n, 5)
  replica.failure = noLeader
  await tickAt(0)
  replica.failure = undefined
  await tickAt(5000)
  expect(living()).toEqual([1n])
  expect(front.store.leases.term).toBe(replica.term)
  await tickAt(10_000)
  expect(living()).toEqual([])
})
