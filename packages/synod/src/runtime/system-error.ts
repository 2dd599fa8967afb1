/** What is known of a failure that Node threw or handed over. */
export interface SystemFailure {
  /** The system's name for it, such as ENOSPC. */
  readonly code: string | undefined
  readonly message: string
}

/** A failure of a name with several addresses has no message of its own; its code then has to do. */
export function systemFailure(error: unknown): SystemFailure {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { code, message: error.message === '' ? (code ?? error.name) : error.message }
}
