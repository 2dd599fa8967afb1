import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Malformed, Reader, Writer } from '../../core/index.ts'
import { chandraTouegCodec, strongCodec } from './codec.ts'
import type { Durable, Message, StrongMessage } from './messages.ts'

// Goal: what is written is read again, and bytes that are none of ours are refused. Method: any messages, any bytes.

const type = <const T extends string>(...names: T[]): fc.Arbitrary<T> => fc.constantFrom(...names)
const number = fc.maxSafeNat()
const node = fc.stringMatching(/^[a-z]{1,3}$/)
const value = fc.record({ origin: node, sequence: number, checksum: fc.nat(), bytes: fc.uint8Array({ maxLength: 9 }) })
const estimate = { estimate: fc.option(value, { nil: undefined }), timestamp: number }
const ofRound = { round: number, again: fc.boolean() }
const stamp = { incarnation: number, sequence: number }
const detector = fc.record({ type: type('detector'), message: fc.record({ type: type('heartbeat', 'ask'), ...stamp }) })

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: type('estimate'), ...estimate, ...ofRound }),
  fc.record({ type: type('proposal'), value, ...ofRound }),
  fc.record({ type: type('ack', 'nack', 'round'), ...ofRound }),
  fc.record({ type: type('decision'), value }),
  fc.record({ type: type('broadcast'), message: fc.record({ origin: node, sequence: number, value }) }),
  detector,
)
const record: fc.Arbitrary<Durable> = fc.oneof(
  fc.record({ type: type('life'), incarnation: number }),
  fc.record({ type: type('stand'), round: number, ...estimate }),
  fc.record({ type: type('decided'), value }),
)
const values = fc.dictionary(node, value, { maxKeys: 4, noNullPrototype: true })
const strong: fc.Arbitrary<StrongMessage> = fc.oneof(fc.record({ type: type('values'), values, ...ofRound }), detector)

function again<Thing>(write: (out: Writer) => void, read: (input: Reader) => Thing): Thing {
  const out = new Writer()
  write(out)
  const payload = new Uint8Array(out.payloadLength)
  let at = 0
  for (const bytes of out.payload) {
    payload.set(bytes, at)
    at += bytes.length
  }
  const input = new Reader(out.control.slice(0, out.length), payload)
  const found = read(input)
  input.done()
  return found
}

test('any message, and any record', () => {
  fc.assert(
    fc.property(message, record, strong, (said, written, saidOfS) => {
      const codec = chandraTouegCodec
      expect(
        again(
          (out) => codec.message(said, out),
          (input) => codec.readMessage(input),
        ),
      ).toEqual(said)
      expect(
        again(
          (out) => codec.record(written, out),
          (input) => codec.readRecord(input),
        ),
      ).toEqual(written)
      expect(
        again(
          (out) => strongCodec.message(saidOfS, out),
          (input) => strongCodec.readMessage(input),
        ),
      ).toEqual(saidOfS)
    }),
  )
})

test('any other bytes are malformed, or a message', () => {
  const readers: ((input: Reader) => unknown)[] = [
    (input) => chandraTouegCodec.readMessage(input),
    (input) => chandraTouegCodec.readRecord(input),
    (input) => strongCodec.readMessage(input),
    (input) => strongCodec.readRecord(input),
  ]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
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
