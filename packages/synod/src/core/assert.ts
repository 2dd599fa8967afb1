/** A broken invariant: the code is wrong, not its caller. It stops the node. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

/** Says what must be true, in the paper's words. Failures that a caller can meet are never assertions. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionFailed(claim)
}

/** The value that the code knows to be there. */
export function present<T>(value: T | undefined, claim: string): T {
  if (value === undefined) throw new AssertionFailed(claim)
  return value
}
