import { choose, random, seeded, type RandomState } from '../../packages/synod/src/core/index.ts'

/** Chance, the same for the same seed and number of input. */
export class Draw {
  private readonly state: RandomState

  constructor(seed: number, index: number) {
    this.state = seeded((seed ^ Math.imul(index, 0x9e3779b1)) | 0)
  }

  /** In [0, alternatives). */
  below(alternatives: number): number {
    return choose(this.state, alternatives)
  }

  chance(probability: number): boolean {
    return random(this.state) < probability
  }

  of<T>(things: readonly T[]): T {
    const thing = things[this.below(things.length)]
    if (thing === undefined) throw new Error('there is nothing to draw from')
    return thing
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
}

const interesting = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

/** A few edits, where and which by chance; sometimes a part of another one of the `corpus`. */
export function mutate(draw: Draw, original: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = original
  const edits = draw.chance(0.1) ? 0 : 1 + draw.below(draw.chance(0.2) ? 40 : 4)
  for (let i = 0; i < edits; i++) bytes = edit(draw, bytes, corpus)
  return bytes
}

function edit(draw: Draw, bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  const at = draw.below(bytes.length + 1)
  const to = Math.min(bytes.length, at + 1 + draw.below(draw.chance(0.3) ? 400 : 8))
  const copy = Uint8Array.from(bytes)
  switch (draw.below(9)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << draw.below(8))
      return copy
    case 1:
      if (at < copy.length) copy[at] = draw.of(interesting)
      return copy
    case 2:
      if (at + 4 <= copy.length) new DataView(copy.buffer).setUint32(at, draw.of(interesting), draw.chance(0.5))
      return copy
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(to))
    case 4:
      return joined(bytes.subarray(0, to), bytes.subarray(at))
    case 5:
      return joined(bytes.subarray(0, at), draw.bytes(draw.below(20)), bytes.subarray(at))
    case 6:
      return bytes.subarray(0, at)
    case 7: {
      const other = draw.of(corpus)
      const from = draw.below(other.length + 1)
      const part = other.subarray(from, from + draw.below(200))
      return joined(bytes.subarray(0, at), part, bytes.subarray(draw.chance(0.5) ? at : to))
    }
    default:
      copy.fill(draw.of([0, 0xff, 0x80]), at, to)
      return copy
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
