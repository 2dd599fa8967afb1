import { DiskError } from '../core/index.ts'
import { systemFailure } from './system-error.ts'

/** What failed, on which file, and whether room on the disk would help. */
export function diskError(cause: unknown, operation: string, path: string): DiskError {
  const { code, message } = systemFailure(cause)
  const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'no-space' : code === 'ENOENT' ? 'not-found' : 'io'
  return new DiskError(kind, `cannot ${operation} ${path}: ${message}`, cause)
}
