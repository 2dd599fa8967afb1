import { assert } from './assert.ts'

/**
 * Elementary functions by sums, products, quotients and square roots alone. ECMAScript leaves `Math.exp` and `Math.log`
 * to the implementation, and two engines may differ in the last bit: these are equal everywhere, within some ulp of the
 * truth.
 */

/** What `Math.LN2` lacks, as a number of its own: multiples of ln 2 keep their last digits. */
const ln2Rest = 2.319046813846299e-17
const sqrtPi = 1.772453850905516

/** e to that power. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > 709.782712893384) return Infinity
  if (x < -745.1332191019411) return 0
  const twos = Math.round(x / Math.LN2)
  const rest = x - twos * Math.LN2 - twos * ln2Rest
  // |rest| < 0.35: seventeen terms are enough for the last bit.
  let sum = 1
  for (let n = 17; n > 0; n--) sum = 1 + (sum * rest) / n
  return scaled(sum, twos)
}

/** The natural logarithm: NaN below zero. */
export function ln(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN
  if (x === 0) return -Infinity
  if (x === Infinity) return x
  let mantissa = x
  let twos = 0
  for (; mantissa > Math.SQRT2; mantissa /= 2) twos++
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) twos--
  // ln m = 2 artanh((m − 1) / (m + 1)), and the quotient is below 0.172.
  const quotient = (mantissa - 1) / (mantissa + 1)
  const square = quotient * quotient
  let sum = 0
  for (let n = 23; n > 0; n -= 2) sum = sum * square + 1 / n
  return twos * Math.LN2 + (2 * quotient * sum + twos * ln2Rest)
}

/** ln(erfc(x)) for x ≥ 0: where erfc itself would be too small for a number, its logarithm is not. */
export function lnErfc(x: number): number {
  assert(x >= 0, 'lnErfc is for what is not negative')
  return x < 2 ? ln(1 - erfOfSmall(x)) : ln(tail(x)) - x * x
}

/** erf by its series of terms of one sign: 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!! */
function erfOfSmall(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / sqrtPi) * exp(-x * x) * sum
}

/** e^(x²) · erfc(x) by Laplace's continued fraction, from the inside. */
function tail(x: number): number {
  let fraction = x
  for (let n = 120; n > 0; n--) fraction = x + n / 2 / fraction
  return 1 / (sqrtPi * fraction)
}

/** By a power of two, without leaving the range on the way. */
function scaled(value: number, twos: number): number {
  let result = value
  let left = twos
  for (; left > 0; left--) result *= 2
  for (; left < 0; left++) result /= 2
  return result
}
