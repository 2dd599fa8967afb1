import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StartFailed } from './start-failed.ts'
import { systemFailure } from './system-error.ts'

/** A lock on a directory; the kernel gives it up when its process ends, in whatever way that happens. */
export interface DirectoryLock {
  release(): void
}

/** SQLite's result codes that matter here (sqlite3.h). */
const busy = 5
const notADatabase = 26

/**
 * Makes this process the only one that works in `directory`, or throws `StartFailed`.
 *
 * Node has no flock, and a file that holds a process id cannot tell a dead owner from a reused id, nor let exactly one
 * of two starters take a stale file over. SQLite, which Node contains, locks its files with fcntl: the kernel drops that
 * lock with its process, knows nothing of ids, and sees through containers that share a volume. So the lock is an empty
 * database with an exclusive transaction that never ends. The owner's id is kept beside it for the message alone.
 *
 * Nobody may open `.lock` by other means in this process: closing any descriptor of a file drops all fcntl locks on it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, '.lock')
  const owner = ownerFile(directory)
  const sqlite = await import('node:sqlite')
  createPrivately(path, directory)
  let database: DatabaseSync | undefined
  try {
    database = new sqlite.DatabaseSync(path)
    // without this a journal file would come and go beside the lock
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    database?.close()
    throw failure(error, directory, path)
  }
  const held = database
  return {
    release: () => {
      if (held.isOpen) held.close()
    },
  }
}

/** Exclusive creation never opens a file that is there, and so cannot drop a lock of this process's own. */
function createPrivately(path: string, directory: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    const { code, message } = systemFailure(error)
    if (code === 'EEXIST') return
    throw new StartFailed(`cannot create ${path}: ${message}`, { code: 'directory', directory }, error)
  }
}

function failure(error: unknown, directory: string, path: string): StartFailed {
  const code = resultCode(error)
  if (code === busy) {
    const pid = lockOwner(directory)
    const who = pid === undefined ? 'another process' : `process ${pid}`
    const message = `${directory} is in use by ${who}: stop it first, or give this member a directory of its own`
    return new StartFailed(message, { code: 'locked', directory, pid }, error)
  }
  const advice = code === notADatabase ? ': it holds something else than a lock; remove it if no member runs here' : ''
  return new StartFailed(
    `cannot lock ${directory} by ${path} (${systemFailure(error).message})${advice}`,
    { code: 'directory', directory },
    error,
  )
}

/** SQLite's own code; extended ones keep the plain one in their low byte. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

function ownerFile(directory: string): string {
  return join(directory, '.lock-owner')
}

/**
 * The process that holds the lock, or held it last; undefined: it is not told. The owner writes its id just after it got
 * the lock: a number may be missing or of the owner before for an instant.
 */
export function lockOwner(directory: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(ownerFile(directory), 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    // It is not there, or may not be read: nothing relies on it.
    return undefined
  }
}
