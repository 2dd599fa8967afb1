import {
  DiskError,
  Malformed,
  readMembership,
  Reader,
  Writer,
  writeMembership,
  type Checksum,
  type Disk,
  type SnapshotId,
} from '../core/index.ts'

/**
 * The file of a snapshot:
 *
 * | bytes | what |
 * |---|---|
 * | 8 | magic, "SYNODSNP" |
 * | 4 | format version |
 * | 4 | CRC-32 of the head's fields |
 * | 4 | length of the head's fields |
 * | | the fields: index, term, membership |
 * | 4 + 4 + n | pieces: length (not 0), CRC-32 continued from the piece before, bytes |
 * | 4 + 4 | the end: 0, and the CRC-32 of the last piece |
 */
export const snapshotVersion = 2
const magic = 'SYNODSNP'
const headLength = 20
const readBytes = 1024 * 1024
/** A piece is never longer: a damaged length does not make a reader wait for the end of the file. */
const longestPiece = 16 * 1024 * 1024

export function snapshotName(snapshot: { readonly index: number; readonly term: number }): string {
  return `snapshot-${snapshot.index}-${snapshot.term}`
}

export function isSnapshot(name: string): boolean {
  return /^snapshot-\d+-\d+$/.test(name)
}

/** Writes a snapshot's file piece by piece. */
export class SnapshotWriter {
  readonly disk: Disk
  readonly name: string
  readonly checksum: Checksum
  private offset = 0
  private crc = 0

  constructor(disk: Disk, name: string, checksum: Checksum) {
    this.disk = disk
    this.name = name
    this.checksum = checksum
  }

  head(snapshot: SnapshotId): DiskError | undefined {
    const fields = new Writer()
    fields.u53(snapshot.index)
    fields.u53(snapshot.term)
    writeMembership(snapshot.membership, fields)
    const bytes = new Uint8Array(headLength + fields.length)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < 8; i++) bytes[i] = magic.charCodeAt(i)
    bytes.set(fields.control.subarray(0, fields.length), headLength)
    view.setUint32(8, snapshotVersion, true)
    view.setUint32(12, this.checksum(bytes.subarray(headLength)), true)
    view.setUint32(16, fields.length, true)
    this.crc = this.checksum(bytes.subarray(headLength))
    return this.put(bytes)
  }

  piece(bytes: Uint8Array): DiskError | undefined {
    if (bytes.length === 0) return undefined
    this.crc = this.checksum(bytes, this.crc)
    const out = new Uint8Array(8 + bytes.length)
    const view = new DataView(out.buffer)
    view.setUint32(0, bytes.length, true)
    view.setUint32(4, this.crc, true)
    out.set(bytes, 8)
    return this.put(out)
  }

  end(): DiskError | undefined {
    const out = new Uint8Array(8)
    new DataView(out.buffer).setUint32(4, this.crc, true)
    return this.put(out)
  }

  private put(bytes: Uint8Array): DiskError | undefined {
    const error = this.disk.write(this.name, this.offset, bytes)
    this.offset += bytes.length
    return error
  }
}

/** Takes a file's bytes as they come and hands on its pieces, each checked. Throws `Malformed`. */
class Parser {
  private readonly checksum: Checksum
  private readonly piece: (bytes: Uint8Array) => void
  private rest = new Uint8Array(0)
  private crc = 0
  private ended = false
  head: SnapshotId | undefined

  constructor(checksum: Checksum, piece: (bytes: Uint8Array) => void) {
    this.checksum = checksum
    this.piece = piece
  }

  push(bytes: Uint8Array): void {
    let at = 0
    const all = new Uint8Array(this.rest.length + bytes.length)
    all.set(this.rest)
    all.set(bytes, this.rest.length)
    const view = new DataView(all.buffer)
    if (this.head === undefined) {
      at = this.readHead(all, view)
    }
    while (this.head !== undefined && all.length - at >= 8) {
      if (this.ended) throw new Malformed('bytes after the end')
      const length = view.getUint32(at, true)
      const crc = view.getUint32(at + 4, true)
      if (length > longestPiece) throw new Malformed(`a piece of ${length} bytes`)
      if (all.length - at - 8 < length) break
      const piece = all.subarray(at + 8, at + 8 + length)
      const expected = length === 0 ? this.crc : this.checksum(piece, this.crc)
      if (expected !== crc) throw new Malformed('a piece does not have its checksum')
      this.crc = crc
      at += 8 + length
      if (length === 0) this.ended = true
      else this.piece(piece)
    }
    this.rest = all.slice(at)
  }

  finish(): void {
    if (!this.ended || this.rest.length > 0) throw new Malformed('the file ends too early')
  }

  /** Answers the head's length, 0 while it is incomplete. */
  private readHead(all: Uint8Array, view: DataView): number {
    if (all.length < headLength) return 0
    for (let i = 0; i < 8; i++)
      if (all[i] !== magic.charCodeAt(i)) throw new Malformed(`it does not begin with ${magic}`)
    const version = view.getUint32(8, true)
    if (version !== snapshotVersion)
      throw new Malformed(`format version ${version}; this program knows version ${snapshotVersion}`)
    const length = view.getUint32(16, true)
    if (length > 1024 * 1024) throw new Malformed(`a head of ${length} bytes`)
    if (all.length < headLength + length) return 0
    const fields = all.subarray(headLength, headLength + length)
    this.crc = this.checksum(fields)
    if (this.crc !== view.getUint32(12, true)) throw new Malformed('the head does not have its checksum')
    const input = new Reader(fields)
    this.head = { index: input.u53(), term: input.u53(), membership: readMembership(input) }
    input.done()
    return headLength + length
  }
}

/** Reads a whole file, piece by piece, checking all of it. `Malformed`: it is not what was once written. */
export function readSnapshot(
  disk: Disk,
  name: string,
  checksum: Checksum,
  piece: (bytes: Uint8Array) => void,
  done: (outcome: SnapshotId | Malformed | DiskError) => void,
): void {
  const parser = new Parser(checksum, piece)
  const step = (offset: number): void => {
    disk.read(name, offset, readBytes, (bytes) => {
      if (bytes instanceof DiskError) return done(bytes)
      try {
        if (bytes.length > 0) parser.push(bytes)
        else parser.finish()
      } catch (error) {
        if (error instanceof Malformed) return done(error)
        throw error
      }
      if (bytes.length > 0) return step(offset + bytes.length)
      done(parser.head ?? new Malformed('it has no head'))
    })
  }
  step(0)
}
