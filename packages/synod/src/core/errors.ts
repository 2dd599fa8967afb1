import type { ChangeRefused } from './contract.ts'

/**
 * What a caller must tell apart when something was not answered: `Rejected` certainly did not happen and never will,
 * `Unknown` may have happened or may still. The two share no parent but this one.
 */
export class SynodError<Detail extends { readonly code: string }> extends Error {
  readonly detail: Detail
  constructor(message: string, detail: Detail, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.detail = detail
  }
}

export type RejectedDetail =
  | { readonly code: 'no-leader' }
  | { readonly code: 'overloaded' }
  | { readonly code: 'no-space' }
  | { readonly code: 'repairing' }
  | { readonly code: 'stopping' }
  /** A change of the membership: the engine's own refusals, whose messages have the numbers. */
  | { readonly code: Exclude<ChangeRefused['code'], 'not-leader'> }
  /** There is a learner already that waits to be promoted. */
  | { readonly code: 'too-many-learners' }
  /** It would exchange the disk under which a member takes part. */
  | { readonly code: 'lost-disk' }
  /** The contact is none. */
  | { readonly code: 'malformed' }

/** Certainly not applied. */
export class Rejected extends SynodError<RejectedDetail> {
  override readonly name = 'Rejected'
}

/** May be applied, or may still become so. */
export class Unknown extends SynodError<{ readonly code: 'timeout' } | { readonly code: 'stopping' }> {
  override readonly name = 'Unknown'
}

/** Why an operation was not answered with a result. */
export type Failure = Rejected | Unknown
