/** A seeded stream of numbers (xorshift128, Marsaglia 2003): the same in every home. State is plain data. */
export interface RandomState {
  x: number
  y: number
  z: number
  w: number
}

export function seeded(seed: number): RandomState {
  // splitmix32 spreads a small seed over the whole state
  let s = seed | 0
  const next = (): number => {
    s = (s + 0x9e3779b9) | 0
    let t = s ^ (s >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return (t ^ (t >>> 15)) >>> 0
  }
  return { x: next(), y: next(), z: next(), w: next() | 1 }
}

/** Uniform in [0, 1). */
export function random(state: RandomState): number {
  const t = state.x ^ (state.x << 11)
  state.x = state.y
  state.y = state.z
  state.z = state.w
  state.w = (state.w ^ (state.w >>> 19) ^ t ^ (t >>> 8)) >>> 0
  return state.w / 0x1_0000_0000
}

/** A whole number in [0, alternatives). */
export function choose(state: RandomState, alternatives: number): number {
  return Math.floor(random(state) * alternatives)
}
