import { expect, test } from 'vitest'
import { Rejected, Writer, type Failure } from '../core/index.ts'
import {
  encodeOperation,
  ReplicatedStore,
  type Operation,
  type OperationResult,
  type StoreContext,
  putOf,
} from './index.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const put = (key: string, value = 'v'): Operation => putOf(bytes(key), bytes(value))

function command(...operations: (Operation | Uint8Array)[]): Uint8Array {
  const out = new Writer()
  const one = new Writer()
  for (const operation of operations) {
    one.reset()
    if (!(operation instanceof Uint8Array)) encodeOperation(one, operation)
    out.bytes(operation instanceof Uint8Array ? operation : one.control.subarray(0, one.length))
  }
  return out.control.slice(0, out.length)
}

class Client implements StoreContext {
  readonly heard: (OperationResult | 'readable' | Failure)[] = []
  applied(result: OperationResult): void {
    this.heard.push(result)
  }
  readable(): void {
    this.heard.push('readable')
  }
  failed(error: Failure): void {
    this.heard.push(error)
  }
}

function hash(machine: ReplicatedStore): number {
  const hashing = machine.store.hashKv(0)
  if (!('finish' in hashing)) throw new Error(hashing.message)
  return hashing.finish()
}

test('each operation of a command is answered to the one who asked for it', () => {
  const machine = new ReplicatedStore()
  const clients = [new Client(), new Client(), new Client()]
  machine.apply(3, command(put('a'), { type: 'leaseRevoke', id: 9n }, put('b')), clients)
  expect(clients.map((client) => client.heard.length)).toEqual([1, 1, 1])
  expect(clients[0]?.heard[0]).toMatchObject({ type: 'put', revision: 2 })
  expect(clients[1]?.heard[0]).toMatchObject({ type: 'error', code: 5 })
  expect(clients[2]?.heard[0]).toMatchObject({ type: 'put', revision: 3 })
  machine.read(clients[0] ?? new Client())
  const failure = new Rejected('no leader', { code: 'no-leader' })
  machine.fail(clients[1] ?? new Client(), failure)
  expect(clients[0]?.heard[1]).toBe('readable')
  expect(clients[1]?.heard[1]).toBe(failure)
  expect(machine.appliedIndex).toBe(3)
})

test('pitfall G9: members that apply the same have the same, whoever answers, reclaims or restores', () => {
  const [origin, follower] = [new ReplicatedStore(), new ReplicatedStore()]
  let restored = new ReplicatedStore()
  for (let index = 1; index <= 300; index++) {
    const operations = command(put(`k${index % 17}`, `${index}`), put('hot'), {
      type: 'compact',
      revision: index,
      physical: false,
    })
    const copy = operations.slice()
    origin.apply(index, operations, [new Client(), new Client(), new Client()])
    // The bytes of a command may be overwritten once it was applied.
    operations.fill(0xee)
    follower.apply(index, copy, undefined)
    restored.apply(index, copy, undefined)
    if (index % 50 === 0) {
      const source = restored.snapshot()
      const back = new ReplicatedStore()
      const sink = back.install()
      for (let piece = source.next(); piece !== undefined; piece = source.next()) sink.write(piece)
      source.close()
      sink.finish()
      restored = back
    }
    expect([hash(follower), hash(restored)]).toEqual([hash(origin), hash(origin)])
  }
})

test('a decided operation that cannot be read changes nothing, harms no other, and is answered', () => {
  const machine = new ReplicatedStore()
  const clients = [new Client(), new Client(), new Client()]
  machine.apply(1, command(put('a'), Uint8Array.of(0xff, 0xff), put('b')), clients)
  expect(clients[1]?.heard).toEqual([
    { type: 'error', code: 13, message: expect.stringContaining('an operation of format 15') as string },
  ])
  expect(machine.store.revision).toBe(3)
  const cut = command(put('c'), put('d'))
  const others = [new Client(), new Client(), new Client()]
  machine.apply(2, cut.subarray(0, cut.length - 1), others)
  expect(
    others.map((client) =>
      client.heard.map((heard) => (typeof heard === 'object' && 'type' in heard ? heard.type : heard)),
    ),
  ).toEqual([['put'], ['error'], ['error']])
  expect(machine.store.revision).toBe(4)
})

test('whoever observes hears of a revision before it is answered, and of a restore', () => {
  const machine = new ReplicatedStore()
  const order: string[] = []
  machine.observe({
    changed: (revision, changes) =>
      order.push(`revision ${revision}: ${changes.map((kv) => String.fromCharCode(...kv.key)).join(' ')}`),
    restored: (store) => order.push(`restored at ${store.revision}`),
  })
  const client: StoreContext = {
    applied: (result) => order.push(`answered ${result.type}`),
    readable: () => {},
    failed: () => {},
  }
  const txn: Operation = {
    type: 'txn',
    compare: [],
    success: [put('x'), put('a')].filter((op) => op.type === 'put'),
    failure: [],
  }
  machine.apply(1, command(put('k'), txn), [client, client])
  const source = machine.snapshot()
  const sink = machine.install()
  for (let piece = source.next(); piece !== undefined; piece = source.next()) sink.write(piece)
  source.close()
  sink.finish()
  machine.apply(2, command(put('l')), undefined)
  expect(order).toEqual([
    'revision 2: k',
    'answered put',
    'revision 3: x a',
    'answered txn',
    'restored at 3',
    'revision 4: l',
  ])
})
