import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Slab } from './slab.ts'

const pieces = fc.array(
  fc.record({ bytes: fc.uint8Array({ maxLength: 9000, size: 'max' }), spare: fc.nat({ max: 50 }) }),
  {
    maxLength: 40,
  },
)

test('copies are what was copied, whatever is copied later or happens to the original', () => {
  fc.assert(
    fc.property(pieces, (all) => {
      const slab = new Slab()
      const kept = all.map(({ bytes, spare }) => {
        const longer = new Uint8Array(bytes.length + spare).fill(255)
        longer.set(bytes)
        const copy = slab.copy(longer, bytes.length)
        longer.fill(0)
        return copy
      })
      expect(kept).toEqual(all.map(({ bytes }) => bytes))
    }),
  )
})

test('small ones share memory, and large ones hold nothing else in it', () => {
  const slab = new Slab()
  const [one, two] = [slab.copy(new Uint8Array(300), 300), slab.copy(new Uint8Array(300), 300)]
  expect(two.buffer).toBe(one.buffer)
  expect(slab.copy(new Uint8Array(100_000), 90_000).buffer.byteLength).toBe(90_000)
})
