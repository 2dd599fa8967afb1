import fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { assert, type Disk, DiskError } from '../core/index.ts'
import { diskError } from './disk-error.ts'
import { OpenFile } from './open-file.ts'
import { StartFailed } from './start-failed.ts'
import { systemFailure } from './system-error.ts'
import { fillWithZeros } from './zero-fill.ts'

/** How a completion gets into the member: guarded, and never inside another call. */
export type Enter = (call: () => void) => void

/** What is being zero-filled keeps this name until it is whole. */
const filling = '.filling-'

/**
 * The files of one directory, over Node's file system. Writes go into the page cache at once, on this thread; everything
 * that may wait for the device runs in libuv's pool. Names that begin with a dot are the runtime's own and are not shown.
 */
export class NodeDisk implements Disk {
  readonly directory: string
  private readonly enter: Enter
  private readonly files = new Map<string, OpenFile>()
  /** Operations on names, one at a time: the pool's threads would run a rename and the directory's sync in any order. */
  private readonly names: (() => void)[] = []
  private namesBusy = false
  private readonly directoryDescriptor: number
  private underWay = 0
  private closed = false
  private whenIdle: (() => void) | undefined

  /** Creates the directory if it is not there; throws `StartFailed` when it cannot be used. */
  constructor(directory: string, enter: Enter) {
    this.directory = resolve(directory)
    this.enter = enter
    try {
      this.directoryDescriptor = fs.openSync(this.directory, 'r')
      for (const name of fs.readdirSync(this.directory)) {
        if (name.startsWith(filling)) fs.unlinkSync(join(this.directory, name))
      }
    } catch (error) {
      throw unusable(this.directory, error)
    }
  }

  list(done: (outcome: readonly string[] | DiskError) => void): void {
    this.begin()
    fs.readdir(this.directory, (error, names) => {
      const visible = error === null ? names.filter((name) => !name.startsWith('.')).toSorted() : undefined
      this.end(() => done(visible ?? diskError(error, 'list', this.directory)))
    })
  }

  size(name: string, done: (outcome: number | DiskError) => void): void {
    const path = this.path(name)
    this.begin()
    fs.stat(path, (error, stats) => {
      this.end(() => done(error === null ? stats.size : diskError(error, 'stat', path)))
    })
  }

  read(name: string, offset: number, length: number, done: (outcome: Uint8Array | DiskError) => void): void {
    this.begin()
    const file = this.open(name, false)
    if (file instanceof DiskError) this.later(() => done(file))
    else file.read(offset, length, (outcome) => this.end(() => done(outcome)))
  }

  allocate(name: string, size: number, done: (error: DiskError | undefined) => void): void {
    const path = this.path(name)
    const aside = join(this.directory, filling + name)
    this.begin()
    const finish = (error: DiskError | undefined): void => this.end(() => done(error))
    fillWithZeros(aside, size, (error) => {
      if (error === undefined) return this.settle(aside, path, name, finish)
      // a full disk gets back what the attempt took; what failed is reported, not what followed
      fs.unlink(aside, () => finish(error))
    })
  }

  /** A file that was filled aside takes its name; whatever had the name before is let go. */
  private settle(aside: string, path: string, name: string, done: (error: DiskError | undefined) => void): void {
    this.inOrder((next) => {
      fs.rename(aside, path, (error) => {
        if (error === null) this.forget(name)
        next()
        done(error === null ? undefined : diskError(error, 'rename', aside))
      })
    })
  }

  write(name: string, offset: number, bytes: Uint8Array): DiskError | undefined {
    const file = this.open(name, true)
    return file instanceof DiskError ? file : file.write(offset, bytes)
  }

  sync(name: string, done: (error: DiskError | undefined) => void): void {
    this.begin()
    const file = this.open(name, false)
    if (file instanceof DiskError) this.later(() => done(file))
    else file.sync((error) => this.end(() => done(error)))
  }

  rename(from: string, to: string, done: (error: DiskError | undefined) => void): void {
    const path = this.path(from)
    const target = this.path(to)
    this.begin()
    this.inOrder((next) => {
      fs.rename(path, target, (error) => {
        if (error === null) this.moved(from, to)
        next()
        this.end(() => done(error === null ? undefined : diskError(error, 'rename', path)))
      })
    })
  }

  remove(name: string, done: (error: DiskError | undefined) => void): void {
    const path = this.path(name)
    this.begin()
    this.inOrder((next) => {
      fs.unlink(path, (error) => {
        if (error === null) this.forget(name)
        next()
        this.end(() => done(error === null ? undefined : diskError(error, 'remove', path)))
      })
    })
  }

  syncDirectory(done: (error: DiskError | undefined) => void): void {
    this.begin()
    this.inOrder((next) => {
      fs.fsync(this.directoryDescriptor, (error) => {
        next()
        this.end(() => done(error === null ? undefined : diskError(error, 'sync', this.directory)))
      })
    })
  }

  /** Waits for what is under way, then closes every descriptor. Nothing may be asked of this disk afterwards. */
  close(): Promise<void> {
    if (this.closed) return Promise.resolve()
    this.closed = true
    return new Promise((done) => {
      this.whenIdle = () => {
        for (const name of this.files.keys()) this.forget(name)
        fs.closeSync(this.directoryDescriptor)
        done()
      }
      this.ifIdle()
    })
  }

  private path(name: string): string {
    assert(/^[^./\0][^/\0]*$/u.test(name), `${JSON.stringify(name)} is a plain file name that begins with no dot`)
    return join(this.directory, name)
  }

  private open(name: string, create: boolean): OpenFile | DiskError {
    assert(!this.closed, 'a closed disk is not asked')
    const known = this.files.get(name)
    if (known !== undefined) return known
    const path = this.path(name)
    try {
      const flags = create ? fs.constants.O_RDWR | fs.constants.O_CREAT : fs.constants.O_RDWR
      const file = new OpenFile(path, fs.openSync(path, flags, 0o600))
      this.files.set(name, file)
      return file
    } catch (error) {
      return diskError(error, 'open', path)
    }
  }

  private moved(from: string, to: string): void {
    this.forget(to)
    const file = this.files.get(from)
    if (file === undefined) return
    this.files.delete(from)
    file.path = this.path(to)
    this.files.set(to, file)
  }

  private forget(name: string): void {
    this.files.get(name)?.close()
    this.files.delete(name)
  }

  private inOrder(operation: (next: () => void) => void): void {
    this.names.push(() => {
      operation(() => {
        this.namesBusy = false
        this.nextName()
      })
    })
    this.nextName()
  }

  private nextName(): void {
    if (this.namesBusy) return
    const operation = this.names.shift()
    if (operation === undefined) return
    this.namesBusy = true
    operation()
  }

  private begin(): void {
    assert(!this.closed, 'a closed disk is not asked')
    this.underWay++
  }

  /** Inside a callback of libuv: a turn of its own already. */
  private end(call: () => void): void {
    this.underWay--
    this.enter(call)
    this.ifIdle()
  }

  /** What is known at once is still told in a later turn. */
  private later(call: () => void): void {
    setImmediate(() => this.end(call))
  }

  private ifIdle(): void {
    if (this.underWay === 0 && this.whenIdle !== undefined) {
      const idle = this.whenIdle
      this.whenIdle = undefined
      idle()
    }
  }
}

/** Creates a directory that is its owner's alone, and makes its name, and those of its parents, survive a loss of power. */
export function createDirectory(directory: string): void {
  const path = resolve(directory)
  try {
    // Level by level: where the system refuses a name with ENOENT, such as below /proc, Node's own recursion never ends.
    const missing: string[] = []
    for (let level = path; !fs.existsSync(level); level = dirname(level)) missing.unshift(level)
    if (missing.length === 0 && !fs.statSync(path).isDirectory()) throw new Error('it is not a directory')
    for (const level of missing) createLevel(level)
  } catch (error) {
    throw unusable(path, error)
  }
}

function createLevel(path: string): void {
  try {
    fs.mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Others that start at the same time may need the same parent.
    if (systemFailure(error).code !== 'EEXIST' || !fs.statSync(path).isDirectory()) throw error
  }
  syncNamesIn(dirname(path))
}

function syncNamesIn(directory: string): void {
  const descriptor = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function unusable(directory: string, cause: unknown): StartFailed {
  const message = `the directory ${directory} cannot be used: ${systemFailure(cause).message}`
  return new StartFailed(message, { code: 'directory', directory }, cause)
}
