import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode, encode } from '../testing/reference.ts'
import { readTimeToLive, writeLeases, writeTimeToLive } from './lease-messages.ts'
import { ProtoReader, ProtoWriter } from './wire.ts'

// As in messages.test.ts: what is written here, the reference reads, and the other way round.

function written(write: (out: ProtoWriter) => void): Uint8Array {
  const out = new ProtoWriter()
  write(out.reset())
  return out.finish().slice()
}

const anId = fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
const keys = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 3 })

test('LeaseTimeToLive means to the reference what it means here', () => {
  fc.assert(
    fc.property(
      anId,
      fc.boolean(),
      fc.integer({ min: -1 }),
      fc.maxSafeNat(),
      keys,
      (id, wanted, ttl, granted, held) => {
        const request = encode('LeaseTimeToLiveRequest', { ID: String(id), keys: wanted })
        expect(readTimeToLive(new ProtoReader(request))).toEqual({ id, keys: wanted })
        const answer = written((out) => writeTimeToLive(out, id, ttl, granted, held))
        expect(decode('LeaseTimeToLiveResponse', answer)).toMatchObject({
          ID: String(id),
          TTL: String(ttl),
          grantedTTL: String(granted),
          keys: held.map((key) => Buffer.from(key).toString('base64')),
        })
      },
    ),
  )
})

test('LeaseLeases lists ids in the order that it was given', () => {
  fc.assert(
    fc.property(fc.array(anId, { maxLength: 4 }), (ids) => {
      const list = written((out) => writeLeases(out, ids))
      expect(decode('LeaseLeasesResponse', list)).toMatchObject({ leases: ids.map((id) => ({ ID: String(id) })) })
    }),
  )
})
