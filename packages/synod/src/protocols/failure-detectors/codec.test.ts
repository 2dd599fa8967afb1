import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Malformed, Reader, Writer } from '../../core/index.ts'
import { detectorCodec } from './codec.ts'
import type { DetectorMessage } from './messages.ts'

// Goal: what is written is read again, and bytes that are none of ours are refused. Method: any messages, any bytes.

const stamp = { incarnation: fc.maxSafeNat(), sequence: fc.maxSafeNat() }
const message: fc.Arbitrary<DetectorMessage> = fc.oneof(
  fc.record({ type: fc.constantFrom('heartbeat' as const, 'ask' as const, 'alive' as const), ...stamp }),
  fc.record({
    type: fc.constant('suspicions' as const),
    suspected: fc.array(fc.string({ minLength: 1, maxLength: 4 })),
    ...stamp,
  }),
)

function written(write: (out: Writer) => void): Uint8Array {
  const out = new Writer()
  write(out)
  return out.control.slice(0, out.length)
}

test('any message, and any life', () => {
  fc.assert(
    fc.property(message, fc.maxSafeNat(), (said, incarnation) => {
      const input = new Reader(written((out) => detectorCodec.message(said, out)))
      expect(detectorCodec.readMessage(input)).toEqual(said)
      input.done()
      const record = { type: 'life' as const, incarnation }
      expect(detectorCodec.readRecord(new Reader(written((out) => detectorCodec.record(record, out))))).toEqual(record)
    }),
  )
})

test('any other bytes are malformed, or a message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const what of ['readMessage', 'readRecord'] as const) {
        try {
          detectorCodec[what](new Reader(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      }
    }),
  )
})
