import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Malformed, Reader, voting, Writer } from '../../core/index.ts'
import { multiPaxosCodec } from './codec.ts'
import type { Durable, Message } from './messages.ts'

const number = fc.oneof(fc.nat(), fc.maxSafeNat())
const node = fc.string({ maxLength: 12 })
const nodes = fc.array(node, { maxLength: 3 })
const flag = fc.boolean()
const type = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined })
const listOf = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { maxLength: 4 })
const membership = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 4 }).map((voters) => voting(voters))
const command = fc.record({
  origin: node,
  sequence: number,
  checksum: fc.nat(),
  bytes: fc.uint8Array({ maxLength: 40 }),
})
const value = fc.oneof(
  fc.record({ term: number }),
  fc.record({ term: number, command }),
  fc.record({ term: number, membership }),
)
const ballot = fc.record({ round: number, id: node })
const accepted = fc.record({ ballot, value })
const placed = fc.record({ slot: number, ballot, value })
const proposal = fc.record({ slot: number, value })
const snapshot = fc.record({ index: number, term: number, membership })
const members = fc.record({ index: number, members: nodes })

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: type('canvass'), round: number, decided: number }),
  fc.record({ type: type('support'), round: number, granted: flag, promised: ballot, decided: number }),
  fc.record({ type: type('prepare'), ballot, from: number, transfer: flag }),
  fc.record({
    type: type('promise'),
    ballot,
    from: number,
    through: optional(number),
    accepted: listOf(placed),
    decided: number,
  }),
  fc.record({
    type: type('accept'),
    ballot,
    proposals: listOf(proposal),
    decided: number,
    stable: number,
    round: number,
  }),
  fc.record({ type: type('accepted'), ballot, slots: listOf(number), decided: number, round: number }),
  fc.record({ type: type('refused'), promised: ballot }),
  fc.record({ type: type('handOver'), ballot }),
  fc.record({ type: type('learn'), from: number }),
  fc.record({ type: type('chosen'), first: number, values: listOf(accepted), decided: number }),
  fc.record({ type: type('installSnapshot'), snapshot }),
  fc.record({ type: type('askPromise') }),
  fc.record({ type: type('tellPromise'), promised: ballot, lastIndex: number, memberships: listOf(members) }),
)

const repair = fc.record({
  through: number,
  known: flag,
  round: optional(number),
  awaiting: nodes,
  told: nodes,
  members: listOf(members),
})
const hard = { promised: ballot, decided: number }
const durable: fc.Arbitrary<Durable> = fc.oneof(
  fc.record({ type: type('hard'), ...hard }),
  fc.record({ type: type('accepted'), ...hard, accepted: listOf(placed) }),
  fc.record({ type: type('snapshot'), ...hard, snapshot, through: number }),
  fc.record({
    type: type('checkpoint'),
    ...hard,
    last: number,
    snapshot: optional(snapshot),
    memberships: fc.array(fc.record({ index: number, membership }), { minLength: 1, maxLength: 3 }),
    repair: optional(repair),
  }),
  fc.record({ type: type('repairing'), ...hard, repair }),
  fc.record({ type: type('repaired'), ...hard, digest: fc.nat() }),
)

function reader(out: Writer): Reader {
  const payload = new Uint8Array(out.payload.flatMap((bytes) => [...bytes]))
  return new Reader(out.control.slice(0, out.length), payload)
}

// Goal: whatever is written is read as it was, and nothing else is ever read. Method: arbitrary messages and records.
describe('the codec', () => {
  test('reads every message as it was written', () => {
    fc.assert(
      fc.property(message, (said) => {
        const out = new Writer()
        multiPaxosCodec.message(said, out)
        const input = reader(out)
        expect(multiPaxosCodec.readMessage(input)).toEqual(said)
        input.done()
      }),
    )
  })

  test('reads every record as it was written', () => {
    fc.assert(
      fc.property(durable, (written) => {
        const out = new Writer()
        multiPaxosCodec.record(written, out)
        const input = reader(out)
        expect(multiPaxosCodec.readRecord(input)).toEqual(written)
        input.done()
      }),
    )
  })

  test('refuses a message that is cut off, and bytes that are none', () => {
    fc.assert(
      fc.property(message, fc.nat(), (said, cut) => {
        const out = new Writer()
        multiPaxosCodec.message(said, out)
        const short = new Reader(out.control.slice(0, cut % out.length), reader(out).payload)
        expect(() => multiPaxosCodec.readMessage(short)).toThrow(Malformed)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const read of ['readMessage', 'readRecord'] as const) {
          try {
            multiPaxosCodec[read](new Reader(bytes))
          } catch (error) {
            expect(error).toBeInstanceOf(Malformed)
          }
        }
      }),
    )
  })

  test('lets values wait behind everything else, and names the snapshot that a message needs', () => {
    const round = { ballot: { round: 1, id: 'a' }, decided: 0, stable: 0, round: 1 }
    expect(multiPaxosCodec.urgency({ type: 'accept', ...round, proposals: [] })).toBe('urgent')
    expect(multiPaxosCodec.urgency({ type: 'accept', ...round, proposals: [{ slot: 1, value: { term: 1 } }] })).toBe(
      'bulk',
    )
    const name = { index: 5, term: 2, membership: voting(['a']) }
    expect(multiPaxosCodec.attachment({ type: 'installSnapshot', snapshot: name })).toBe(name)
    expect(multiPaxosCodec.attachment({ type: 'learn', from: 1 })).toBeUndefined()
  })
})
