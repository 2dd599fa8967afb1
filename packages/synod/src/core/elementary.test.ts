import { describe, expect, test } from 'vitest'
import { exp, ln, lnErfc } from './elementary.ts'

// Goal: the functions that φ is made of are right. Method: the engine's own, which may differ in the last bits only; and
// values of erfc from tables (Abramowitz and Stegun 7.1; mpmath beyond).

const spread = Array.from({ length: 400 }, (_, i) => (i - 200) / 7.3)

describe('elementary functions', () => {
  test('agree with the engine to some ulp', () => {
    for (const x of spread) {
      expect(exp(x) / Math.exp(x)).toBeCloseTo(1, 13)
      if (x > 0) expect(ln(x)).toBeCloseTo(Math.log(x), 13)
    }
  })

  test('have the limits that they should have', () => {
    expect([exp(-800), exp(800), exp(0), ln(0), ln(1), ln(Infinity)]).toEqual([0, Infinity, 1, -Infinity, 0, Infinity])
    expect([exp(NaN), ln(-1)]).toEqual([NaN, NaN])
    expect(ln(Number.MIN_VALUE)).toBeCloseTo(Math.log(Number.MIN_VALUE), 10)
  })

  test.each([
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [1.99, 0.004888586800383003],
    [2, 0.004677734981047266],
    [3, 2.209049699858544e-5],
    [5, 1.5374597944280349e-12],
    [10, 2.088487583762545e-45],
  ])('erfc(%d)', (x, erfc) => {
    expect(exp(lnErfc(x)) / erfc).toBeCloseTo(1, 11)
  })

  test('ln erfc goes on where erfc is no number any more', () => {
    // ln(e^(−x²) / (x√π)) to the first order
    expect(lnErfc(100)).toBeCloseTo(-10_000 - Math.log(100 * Math.sqrt(Math.PI)), 3)
  })
})
