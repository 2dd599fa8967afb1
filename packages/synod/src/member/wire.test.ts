import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Malformed, Reader, Writer, type MembershipChange } from '../core/index.ts'
import { changeRefusals } from './changes-codec.ts'
import { readWire, writeWire, type Wire } from './wire.ts'

const codec = { message: () => undefined, readMessage: () => 'none' }
const id = fc.string({ maxLength: 16 })
const contact = fc.string({ maxLength: 40 })
const count = fc.maxSafeNat()

const change: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.record({ type: fc.constantFrom('addVoter' as const, 'addLearner' as const, 'update' as const), id, contact }),
  fc.record({ type: fc.constantFrom('demote' as const, 'remove' as const), id }),
  fc.record({ type: fc.constant('promote' as const), id, contact }, { requiredKeys: ['type', 'id'] }),
)

const wire: fc.Arbitrary<Wire<string>> = fc.oneof(
  fc.record({ type: fc.constant('change' as const), term: count, id: count, changes: fc.array(change) }),
  fc.record({ type: fc.constant('changing' as const), id: count, index: count }),
  fc.record({
    type: fc.constant('unchanged' as const),
    id: count,
    code: fc.constantFrom(...changeRefusals),
    message: contact,
  }),
)

function written(value: Wire<string>): Uint8Array {
  const out = new Writer()
  writeWire(value, codec, out)
  return out.control.slice(0, out.length)
}

test('what members say of changes is heard as it was said', () => {
  fc.assert(
    fc.property(wire, (value) => {
      expect(readWire(new Reader(written(value)), codec)).toEqual(value)
    }),
  )
})

test('bytes that no member said are malformed, whatever they are', () => {
  fc.assert(
    fc.property(wire, fc.nat(), fc.nat(255), (value, at, byte) => {
      const bytes = written(value)
      bytes[at % bytes.length] = byte
      for (const cut of [bytes, bytes.subarray(0, at % bytes.length)]) {
        try {
          readWire(new Reader(cut), codec)
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      }
    }),
  )
})
