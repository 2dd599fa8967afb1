import { close, open, read, readdir, stat } from 'node:fs'
import { join } from 'node:path'
import { DiskError } from 'synod'
import type { Disk } from 'synod'

type Failed = (error: DiskError | undefined) => void

/** A member's directory, to be looked at: nothing can be changed through it, and its owner may run meanwhile. */
export class ReadOnlyDisk implements Disk {
  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  list(done: (outcome: readonly string[] | DiskError) => void): void {
    readdir(this.directory, (error, names) =>
      done(error === null ? names.filter((name) => !name.startsWith('.')) : failed(error)),
    )
  }

  size(name: string, done: (outcome: number | DiskError) => void): void {
    stat(join(this.directory, name), (error, stats) => done(error === null ? stats.size : failed(error)))
  }

  read(name: string, offset: number, length: number, done: (outcome: Uint8Array | DiskError) => void): void {
    open(join(this.directory, name), 'r', (unopened, descriptor) => {
      if (unopened !== null) return done(failed(unopened))
      const bytes = new Uint8Array(length)
      let filled = 0
      const end = (outcome: Uint8Array | DiskError): void =>
        close(descriptor, (error) => done(error === null ? outcome : failed(error)))
      const step = (): void =>
        read(descriptor, bytes, filled, length - filled, offset + filled, (error, count) => {
          if (error !== null) return end(failed(error, 'unreadable'))
          filled += count
          if (count > 0 && filled < length) return step()
          end(bytes.subarray(0, filled))
        })
      step()
    })
  }

  allocate(_name: string, _size: number, done: Failed): void {
    done(refused())
  }

  write(): DiskError {
    return refused()
  }

  sync(_name: string, done: Failed): void {
    done(refused())
  }

  rename(_from: string, _to: string, done: Failed): void {
    done(refused())
  }

  remove(_name: string, done: Failed): void {
    done(refused())
  }

  syncDirectory(done: Failed): void {
    done(refused())
  }
}

/** `inputOutput`: what an EIO is: of a read, that the disk does not give back what it holds. */
function failed(error: NodeJS.ErrnoException, inputOutput: 'io' | 'unreadable' = 'io'): DiskError {
  const code = error.code === 'ENOENT' ? 'not-found' : error.code === 'EIO' ? inputOutput : 'io'
  return new DiskError(code, error.message, error)
}

function refused(): DiskError {
  return new DiskError('io', 'nothing is changed here')
}
