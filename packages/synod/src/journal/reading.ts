import { DiskError, type Checksum, type Disk } from '../core/index.ts'
import { encodeHead, type SegmentFile, type SegmentHead, type Stretch } from './format.ts'
import { fileOf } from './segments.ts'

/** As narrow as what cannot be read is known: a page, and on most disks a sector; `headAlignment` is the same. */
const blockBytes = 4096

/** Bytes to be written, and where they begin in which file. */
export interface Patch {
  readonly file: string
  readonly offset: number
  readonly bytes: Uint8Array
}

/** All of these segments, in order, but for what the disk does not give back. */
export function readSegments(
  disk: Disk,
  ids: readonly number[],
  done: (outcome: readonly SegmentFile[] | DiskError) => void,
): void {
  const files: SegmentFile[] = []
  const next = (): void => {
    const id = ids[files.length]
    if (id === undefined) return done(files)
    const name = fileOf(id)
    disk.size(name, (size) => {
      if (size instanceof DiskError) return done(size)
      disk.read(name, 0, size, (bytes) => {
        if (bytes instanceof DiskError && bytes.code !== 'unreadable') return done(bytes)
        if (!(bytes instanceof DiskError)) {
          files.push({ id, bytes, unreadable: [] })
          return next()
        }
        const whole = new Uint8Array(size)
        const unreadable: Stretch[] = []
        readAround(disk, name, whole, { from: 0, to: size }, unreadable, (error) => {
          if (error !== undefined) return done(error)
          files.push({ id, bytes: whole, unreadable })
          next()
        })
      })
    })
  }
  next()
}

/** A stretch that was not read as a whole is read in two halves, down to single blocks. */
function readAround(
  disk: Disk,
  name: string,
  into: Uint8Array,
  { from, to }: Stretch,
  unreadable: Stretch[],
  done: (error: DiskError | undefined) => void,
): void {
  if (to - from <= blockBytes) {
    const last = unreadable.at(-1)
    if (last?.to === from) unreadable.splice(-1, 1, { from: last.from, to })
    else unreadable.push({ from, to })
    return done(undefined)
  }
  const half = (part: Stretch, then: () => void): void =>
    disk.read(name, part.from, part.to - part.from, (bytes) => {
      if (!(bytes instanceof DiskError)) {
        into.set(bytes, part.from)
        return then()
      }
      if (bytes.code !== 'unreadable') return done(bytes)
      readAround(disk, name, into, part, unreadable, (error) => (error === undefined ? then() : done(error)))
    })
  const middle = from + Math.ceil((to - from) / 2 / blockBytes) * blockBytes
  half({ from, to: middle }, () => half({ from: middle, to }, () => done(undefined)))
}

/** What was read of a part of a file. */
export function readablePatches({ id, bytes, unreadable }: SegmentFile, { from, to }: Stretch): Patch[] {
  const patches: Patch[] = []
  let at = from
  for (const gap of [...unreadable, { from: to, to }]) {
    const end = Math.min(gap.from, to)
    if (end > at) patches.push({ file: fileOf(id), offset: at, bytes: bytes.slice(at, end) })
    at = Math.max(at, gap.to)
  }
  return patches
}

/**
 * What is written over the unreadable parts of a file, each from block to block, so that nothing of it has to be read first:
 * the head where that belongs, and zeros where records were.
 */
export function healingPatches(file: SegmentFile, head: SegmentHead | undefined, checksum: Checksum): Patch[] {
  const { id, bytes, unreadable } = file
  const copy = head === undefined ? undefined : encodeHead(head, checksum)
  return unreadable.map(({ from, to }) => {
    const patch = bytes.slice(from, to)
    if (copy !== undefined) {
      for (const offset of [0, bytes.length - copy.length]) {
        const [first, end] = [Math.max(from, offset), Math.min(to, offset + copy.length)]
        if (first < end) patch.set(copy.subarray(first - offset, end - offset), first - from)
      }
    }
    return { file: fileOf(id), offset: from, bytes: patch }
  })
}
