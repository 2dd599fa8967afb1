import { readdir, readFile, stat } from 'node:fs'
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
    readFile(join(this.directory, name), (error, bytes) =>
      done(error === null ? new Uint8Array(bytes.subarray(offset, offset + length)) : failed(error)),
    )
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

function failed(error: NodeJS.ErrnoException): DiskError {
  return new DiskError(error.code === 'ENOENT' ? 'not-found' : 'io', error.message, error)
}

function refused(): DiskError {
  return new DiskError('io', 'nothing is changed here')
}
