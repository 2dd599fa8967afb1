/** What the process answers to whoever started it. Documented in `synod --help`. */
export const exitCodes = {
  ok: 0,
  /** It did not work; a write was certainly not applied. */
  failed: 1,
  /** The command line, the environment or the input is wrong: nothing was tried. */
  usage: 2,
  /** No answer to a write that may have been applied, or may still be; an exploration that ran out of memory. */
  unknown: 3,
  /** `get` of one key that does not exist. */
  notFound: 4,
  /** A signal ended it before it was done: 128 and the number of Ctrl-C's, as shells have it. */
  interrupted: 130,
} as const

/** A command that ends with a message and an exit code instead of a stack. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly exitCode: number
  constructor(message: string, exitCode: number = exitCodes.failed, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** The caller wrote something that cannot be meant. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.usage, options)
  }
}

/** What was thrown, for a message to somebody. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
