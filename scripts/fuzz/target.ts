import type { Draw } from './draw.ts'

/** A decoder under attack. */
export interface Target {
  readonly about: string
  /** Somebody's bytes: what a sound sender would say, edited, or none of it. */
  input(draw: Draw): Uint8Array
  /** Throws if anything came of the input but what the format's error stands for. */
  run(input: Uint8Array, draw: Draw): void
}

/** What a decoder may throw. */
export function expecting(run: () => void, isExpected: (error: unknown) => boolean): void {
  try {
    run()
  } catch (error) {
    if (!isExpected(error)) throw error
  }
}

export function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected: ${what}`)
}
