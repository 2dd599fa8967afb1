import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32, Malformed, Reader, Writer } from '../../core/index.ts'
import { paxosCodec } from './codec.ts'
import type { Durable, Message } from './messages.ts'

// Goal: what is written is read again, and bytes that are nothing of ours are `Malformed`.
const value = fc
  .record({ origin: fc.string({ maxLength: 8 }), sequence: fc.maxSafeNat(), bytes: fc.uint8Array({ maxLength: 20 }) })
  .map(({ origin, sequence, bytes }) => ({ origin, sequence, bytes, checksum: crc32(bytes) }))
const ballot = fc.record({ round: fc.maxSafeNat(), id: fc.string({ maxLength: 8 }) })
const proposal = fc.record({ ballot, value })
const message: fc.Arbitrary<Message> = fc.oneof(
  value.map((wish) => ({ type: 'wish' as const, value: wish })),
  ballot.map((one) => ({ type: 'prepare' as const, ballot: one })),
  fc.record({ type: fc.constant('promise' as const), ballot, accepted: fc.option(proposal, { nil: undefined }) }),
  fc.record({ type: fc.constantFrom('accept' as const, 'accepted' as const, 'chosen' as const), ballot, value }),
  fc.record({ type: fc.constant('refused' as const), ballot, promised: ballot }),
)
const record: fc.Arbitrary<Durable> = fc.oneof(
  fc.record({ type: fc.constant('began' as const), round: fc.maxSafeNat() }),
  fc.record({ type: fc.constant('promised' as const), ballot }),
  fc.record({ type: fc.constantFrom('accepted' as const, 'chosen' as const), ballot, value }),
)

function bytesOf(out: Writer): [Uint8Array, Uint8Array] {
  const payload = new Uint8Array(out.payloadLength)
  let at = 0
  for (const part of out.payload) {
    payload.set(part, at)
    at += part.length
  }
  return [out.control.slice(0, out.length), payload]
}

test('messages and records come back as they were', () => {
  fc.assert(
    fc.property(message, record, (said, written) => {
      const [one, other] = [new Writer(), new Writer()]
      paxosCodec.message(said, one)
      paxosCodec.record(written, other)
      expect(paxosCodec.readMessage(new Reader(...bytesOf(one), crc32))).toEqual(said)
      expect(paxosCodec.readRecord(new Reader(...bytesOf(other), crc32))).toEqual(written)
    }),
  )
})

test('other bytes are malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const readers: ((input: Reader) => unknown)[] = [
        (input) => paxosCodec.readMessage(input),
        (input) => paxosCodec.readRecord(input),
      ]
      for (const read of readers) {
        try {
          read(new Reader(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      }
    }),
  )
})
