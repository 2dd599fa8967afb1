import { DiskError } from '../core/index.ts'
import { systemFailure } from './system-error.ts'

/** What failed, on which file, and whether room on the disk would help. */
export function diskError(cause: unknown, operation: string, path: string): DiskError {
  const { code, message } = systemFailure(cause)
  const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'no-space' : code === 'ENOENT' ? 'not-found' : 'io'
  return new DiskError(kind, `cannot ${operation} ${path}: ${message}`, cause)
}

/**
 * Of a read. EIO is the answer of every file system where the disk cannot give back what it holds, or gives back what does
 * not have the file system's own checksum.
 */
export function readError(cause: unknown, offset: number, path: string): DiskError {
  const operation = `read at ${offset} of`
  const { code, message } = systemFailure(cause)
  if (code === 'EIO') return new DiskError('unreadable', `cannot ${operation} ${path}: ${message}`, cause)
  return diskError(cause, operation, path)
}
