import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Malformed } from '../../core/index.ts'
import { FrameBatch, FrameReader, frameMax } from './frames.ts'

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 })

function stream(list: readonly Uint8Array[]): Uint8Array {
  const batch = new FrameBatch(1)
  for (const frame of list) batch.add([frame.subarray(0, 1), frame.subarray(1)], frame.length)
  return batch.gathered()
}

function read(chunks: readonly Uint8Array[]): number[][] {
  const reader = new FrameReader()
  const out: number[][] = []
  for (const chunk of chunks) reader.push(chunk, (frame) => out.push([...frame]))
  return out
}

test('frames arrive whole however the stream is cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(600), { maxLength: 12 }), (list, cuts) => {
      const bytes = stream(list)
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((end, i) => bytes.slice(at[i], end))
      expect(read(chunks)).toEqual(list.map((frame) => [...frame]))
    }),
  )
})

test('two cuts at every pair of byte boundaries', () => {
  const list = [[1], [2, 3, 4, 5, 6], [7, 8]]
  const bytes = stream(list.map((frame) => Uint8Array.from(frame)))
  for (let a = 0; a <= bytes.length; a++) {
    for (let b = a; b <= bytes.length; b++) {
      expect(read([bytes.slice(0, a), bytes.slice(a, b), bytes.slice(b)])).toEqual(list)
    }
  }
})

test('a frame in one chunk is a view into it, one that spans chunks has memory of its own; neither is a Buffer', () => {
  const bytes = Buffer.from(stream([Uint8Array.of(1, 2), Uint8Array.of(3, 4)]))
  const out: Uint8Array[] = []
  const reader = new FrameReader()
  reader.push(bytes.subarray(0, 11), (frame) => out.push(frame))
  reader.push(bytes.subarray(11), (frame) => out.push(frame))
  expect(out[0]?.buffer).toBe(bytes.buffer)
  expect(out[1]?.buffer).not.toBe(bytes.buffer)
  expect(out.some((frame) => Buffer.isBuffer(frame))).toBe(false)
})

test('an empty frame is a sign of life and nothing else', () => {
  expect(read([Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0)])).toEqual([[9]])
})

test('the longest frame passes, and one byte more is refused before anything is held for it', () => {
  const longest = new FrameReader()
  const head = (length: number): Uint8Array => new Uint8Array(Uint32Array.of(length).buffer)
  longest.push(head(frameMax), () => {})
  let length = 0
  longest.push(new Uint8Array(frameMax), (frame) => (length = frame.length))
  expect(length).toBe(frameMax)
  for (const announced of [frameMax + 1, 0x8000_0000, 0xffff_ffff]) {
    expect(() => new FrameReader().push(head(announced), () => {})).toThrow(Malformed)
    expect(() => new FrameReader().push(head(announced), () => {})).toThrow(`${announced} bytes`)
  }
})

test('whatever arrives, a reader delivers frames or says Malformed', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (chunks) => {
      try {
        read(chunks)
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
      }
    }),
  )
})

test('a batch never changes bytes that it gave away', () => {
  const batch = new FrameBatch(8)
  batch.add([Uint8Array.of(1, 2)], 2)
  const given = batch.gathered()
  batch.replace()
  batch.add([Uint8Array.of(9, 9, 9)], 3)
  expect([...given]).toEqual([2, 0, 0, 0, 1, 2])
  expect([...batch.gathered()]).toEqual([3, 0, 0, 0, 9, 9, 9])
})
