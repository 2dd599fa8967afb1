import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DiskError } from 'synod'
import type { Codec } from 'synod'
import { Journal, JournalUnreadable, UnknownFormat } from 'synod/journal'
import { Directory } from 'synod/member'
import type { Identity } from 'synod/member'
import { multiPaxosCodec } from 'synod/multi-paxos'
import { raftCodec } from 'synod/raft'
import { lockOwner, nativeChecksum } from 'synod/runtime'
import { messageOf } from '../exit.ts'
import { size } from '../output.ts'
import { ok, problem, unknown, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { ReadOnlyDisk } from './read-only-disk.ts'

/** A data directory as it is found. */
export interface DataDirectory {
  readonly path: string
  /** Itself, or what it will be made in. */
  readonly standing: string
  readonly exists: boolean
  readonly usedBytes: number
  /** The process that has it, as far as can be told. */
  readonly owner: number | undefined
}

/** Throws what the system says when it cannot even be looked at. */
export function lookAt(directory: string): DataDirectory {
  const given = resolve(directory)
  const exists = isThere(given)
  const path = exists ? realpathSync(given) : given
  let standing = path
  while (!isThere(standing)) standing = dirname(standing)
  const files = exists ? readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile()) : []
  const usedBytes = files.reduce((sum, { name }) => sum + sizeOf(join(path, name)), 0)
  return { path, standing, exists, usedBytes, owner: exists ? runningOwner(path) : undefined }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** 0 for one that has just gone: a member works here. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** The process that wrote its id beside its lock, if it is there and has files of this directory open, as far as can be seen. */
function runningOwner(path: string): number | undefined {
  const pid = lockOwner(path)
  if (pid === undefined || !isAlive(pid)) return undefined
  try {
    const files = `/proc/${pid}/fd`
    const open = readdirSync(files).map((descriptor) => target(join(files, descriptor)))
    // After a crash its id may be another process's by now.
    return open.some((file) => file.startsWith(`${path}/`)) ? pid : undefined
  } catch {
    // Another user's, or not Linux: better taken for a member that runs than read while it writes.
    return pid
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Of a descriptor that may be closed by now. */
function target(descriptor: string): string {
  try {
    return readlinkSync(descriptor)
  } catch {
    return ''
  }
}

/** Whose it is, and who else can read it. */
export function checkRights({ path, exists }: DataDirectory): Finding {
  const check = 'directory'
  if (!exists) return ok(check, `${path} is not there: the first start makes it, with mode 0700`)
  const stats = statSync(path)
  if (!stats.isDirectory()) return problem(check, `${path} is no directory`, 'give another one with --data-dir')
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
  const me = process.getuid?.() ?? stats.uid
  const found = `${path} belongs to user ${stats.uid}, mode ${mode}`
  if (me !== 0 && stats.uid !== me) {
    return problem(check, `${found}, and this is user ${me}`, `run the member as its owner, or chown -R ${me} ${path}`)
  }
  if ((stats.mode & 0o700) !== 0o700) return problem(check, found, `its owner cannot use it: chmod 0700 ${path}`)
  if ((stats.mode & 0o077) !== 0) return warning(check, `${found}: others can look into it`, `chmod 0700 ${path}`)
  return ok(check, found)
}

/** Which member of which cluster, by which engine, and whether its journal is whole. */
export async function checkContents(directory: DataDirectory, engine: string): Promise<Finding[]> {
  if (!directory.exists) return []
  const disk = new ReadOnlyDisk(directory.path)
  const files = new Directory(disk, nativeChecksum)
  const identity = await new Promise<Identity | Error | undefined>((done) => files.readIdentity(done))
  if (identity instanceof Error) return [problem('identity', identity.message, 'it says what to do')]
  if (identity === undefined) return [ok('identity', 'no member has been formatted here yet')]
  const { cluster, self, protocol } = identity
  const found = `member ${self} of cluster ${cluster}, engine ${protocol}`
  const removed = await new Promise<{ readonly reason: string } | Error | undefined>((done) => files.readRemoved(done))
  if (removed !== undefined) {
    const why = removed instanceof Error ? removed.message : removed.reason
    return [
      problem(
        'identity',
        `${found}; ${why}`,
        'it takes no part any more: delete the directory, and add a member again',
      ),
    ]
  }
  const other =
    protocol === engine
      ? ok('identity', found)
      : problem('identity', `${found}, and not ${engine}`, `start it with --engine=${protocol}`)
  return [other, await checkJournal(directory, disk, protocol)]
}

async function checkJournal({ path, owner }: DataDirectory, disk: ReadOnlyDisk, engine: string): Promise<Finding> {
  const names = readdirSync(path).filter((name) => /^journal-\d+$/.test(name))
  const bytes = size(names.reduce((sum, name) => sum + sizeOf(join(path, name)), 0))
  const files = `${names.length} files, ${bytes}`
  if (owner !== undefined) return unknown('journal', `${files}; a member writes to it, so it is not read`)
  try {
    if (engine === 'multi-paxos') return await readJournal(disk, multiPaxosCodec, names, files)
    return await readJournal(disk, raftCodec, names, files)
  } catch (error) {
    return problem('journal', `${files}; ${messageOf(error)}`, wiped)
  }
}

const wiped = 'if the others are a majority: remove this member, delete the directory, and add it again'

async function readJournal<Durable>(
  disk: ReadOnlyDisk,
  codec: Pick<Codec<unknown, Durable>, 'record' | 'readRecord'>,
  names: readonly string[],
  files: string,
): Promise<Finding> {
  const nobody = {
    checkpoint: (): never => {
      throw new TypeError('nothing is written')
    },
    durable: (): void => undefined,
    failed: (): void => undefined,
    room: (): void => undefined,
  }
  const options = { segmentBytes: 0, checksum: nativeChecksum, random: () => 0 }
  const journal = new Journal(disk, codec, options, nobody)
  const scan = await new Promise<Parameters<Parameters<typeof journal.open>[1]>[0]>((done) => journal.open(names, done))
  if (scan instanceof JournalUnreadable || scan instanceof UnknownFormat || scan instanceof DiskError) {
    return problem('journal', `${files}; ${scan.message}`, wiped)
  }
  const bad = scan.unreadable.map(({ file, from, to }) => `${file} from ${from} to ${to}`).join(', ')
  if (bad !== '') {
    return warning(
      'journal',
      `${files}; the disk cannot read ${bad}`,
      'replace the disk. If the others are a majority: start it, its peers make it whole, and until then it neither votes nor serves; or remove it, and add it again on the new disk. Without peers it has to be restored from a copy',
    )
  }
  const holes = scan.items.filter(({ type }) => type === 'hole').length
  if (holes > 0) {
    const found = `${files}; ${holes} ${holes === 1 ? 'stretch' : 'stretches'} of it cannot be read, though they were synced`
    return warning(
      'journal',
      found,
      'start it: its peers make it whole, and until then it neither votes nor serves; without peers it has to be restored from a copy. Look at the disk',
    )
  }
  const torn = scan.torn > 0 ? `; ${scan.torn} bytes at its end were torn by a crash, and never relied on` : ''
  return ok('journal', `${files}, whole${torn}`)
}
