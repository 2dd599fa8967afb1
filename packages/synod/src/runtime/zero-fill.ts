import fs from 'node:fs'
import type { DiskError } from '../core/index.ts'
import { diskError } from './disk-error.ts'

const slice = 1024 * 1024
const zeros = new Uint8Array(slice)
/** One sync of a large new file would hold up the journal's for as long as it takes; many short ones do not. */
const bytesPerSync = 8 * slice

/**
 * Writes a file of `size` zeros and syncs it, slice after slice, in libuv's pool. Real zeros, and not a sparse file or
 * `fallocate`: a later write then finds its blocks allocated and initialised, and its sync has no metadata to write.
 * On failure the file is left as it is.
 */
export function fillWithZeros(path: string, size: number, done: (error: DiskError | undefined) => void): void {
  fs.open(path, 'w', 0o600, (failure, descriptor) => {
    if (failure !== null) return done(diskError(failure, 'create', path))
    fill(descriptor, size, (error) => {
      fs.close(descriptor, (unclosed) => {
        const first = error ?? unclosed
        done(first === null ? undefined : diskError(first, 'zero-fill', path))
      })
    })
  })
}

function fill(descriptor: number, size: number, done: (error: Error | null) => void): void {
  let at = 0
  let synced = 0
  const step = (): void => {
    if (at >= size) return fs.fsync(descriptor, done)
    if (at - synced < bytesPerSync) return writeSlice()
    synced = at
    fs.fdatasync(descriptor, (error) => (error === null ? writeSlice() : done(error)))
  }
  const writeSlice = (): void => {
    fs.write(descriptor, zeros, 0, Math.min(slice, size - at), at, (error, written) => {
      if (error !== null) return done(error)
      if (written === 0) return done(new Error('the file accepts no more bytes'))
      // a short write is continued: the next one says why it was short, if there is a reason
      at += written
      step()
    })
  }
  step()
}
