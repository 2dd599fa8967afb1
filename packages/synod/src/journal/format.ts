import { Malformed, Reader, type Checksum, type Codec, type Writer } from '../core/index.ts'

/**
 * The bytes of a journal (docs/formats.md has the tables). A segment is a file of fixed size: a head, then flush
 * records one after the other, each at a multiple of eight bytes, and at the very end a copy of the head. What follows
 * the last record is whatever the file held before: zeros, or records of an earlier segment, which the seed tells apart.
 */
export const formatVersion = 3
const segmentMagic = [0x53, 0x59, 0x4e, 0x4f, 0x44, 0x4a, 0x4e, 0x4c] // "SYNODJNL"
const recordMagic = 0x524e5953 // "SYNR"
export const recordHeaderLength = 40
const headHeaderLength = 56
/** Where records may begin, and what the length of a head is a multiple of: no sector belongs to both. */
export const headAlignment = 4096
const alignment = 8

export interface SegmentHead {
  readonly id: number
  /** Position of its first record in the whole journal. All that lies before was synced when this head was written. */
  readonly start: number
  /**
   * The last index of the log when the segment began: once so much is compacted, the segments before it can go.
   * `neverFirst` in a head that was made anew.
   */
  readonly index: number
  /** Another one for each use of a file, so that no stale record is ever taken for a live one: see `seedOf`. */
  readonly seed: number
  readonly epoch: number
  /** Bytes until the first record, a multiple of `headAlignment`. */
  readonly length: number
  /** The engine's checkpoint, as its codec wrote it; empty in a head that was made anew. */
  readonly checkpoint: Uint8Array
}

/** From the byte at `from` on, up to the one before `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** One segment as it was found on the disk. */
export interface SegmentFile {
  readonly id: number
  readonly bytes: Uint8Array
  /** In order, apart from each other: zeros in `bytes`, which stand for whatever the disk does not give back. */
  readonly unreadable: readonly Stretch[]
}

/** The index of a segment whose checkpoint is lost: a journal that began with it would begin with nothing. */
export const neverFirst: number = Number.MAX_SAFE_INTEGER

export interface RecordHeader {
  readonly control: number
  readonly payload: number
  readonly position: number
  /** The journal was known to be synced up to here when the record was written. */
  readonly synced: number
  /** Grows with each opening of the journal. */
  readonly epoch: number
}

/** Raised for a format that this version does not know: never guessed at. */
export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat'
}

/**
 * The first segment's seed is drawn at random, and each next one is greater by one. So any head tells the seed of every
 * segment, and what a segment holds can be read, and never passes for nothing, even if both of its heads are lost.
 */
export function seedOf(id: number, known: Pick<SegmentHead, 'id' | 'seed'>): number {
  return (known.seed + id - known.id) >>> 0
}

export function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment
}

export function recordLength(control: number, payload: number): number {
  return aligned(recordHeaderLength + control + payload)
}

/** `length`: where there are records already; otherwise as much as is needed. */
export function encodeHead(head: Omit<SegmentHead, 'length'> & { length?: number }, checksum: Checksum): Uint8Array {
  const length = head.length ?? Math.ceil((headHeaderLength + head.checkpoint.length) / headAlignment) * headAlignment
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  bytes.set(segmentMagic, 0)
  view.setUint32(8, formatVersion, true)
  view.setUint32(16, length, true)
  view.setUint32(20, head.checkpoint.length, true)
  setU53(view, 24, head.id)
  setU53(view, 32, head.start)
  setU53(view, 40, head.index)
  view.setUint32(48, head.seed, true)
  view.setUint32(52, head.epoch, true)
  bytes.set(head.checkpoint, headHeaderLength)
  view.setUint32(12, checksum(bytes.subarray(16)), true)
  return bytes
}

/**
 * The head of segment `id`, or its copy at the file's end if the one at the beginning is damaged, or still another
 * segment's in a file that is used again: without either, the first segment in use could not be read at all. Throws
 * `UnknownFormat` if what is there is of another version, and nothing of this one.
 */
export function readHead(file: Uint8Array, id: number, checksum: Checksum): SegmentHead | undefined {
  const copies = [file, ...copyIn(file)]
  const own = copies.map((bytes) => decodeHead(bytes, checksum)).find((head) => head?.id === id)
  if (own !== undefined) return own
  const [version, ...others] = copies.flatMap((bytes) => versionIn(bytes) ?? [])
  if (version !== undefined && ![version, ...others].includes(formatVersion)) {
    throw new UnknownFormat(
      `the journal has format version ${version}, this program knows version ${formatVersion}: start the version of Synod that wrote it`,
    )
  }
  return undefined
}

/** Whether both copies are what they should be: neither is damaged, torn, or of an earlier segment. */
export function hasBothHeads(file: Uint8Array, head: SegmentHead, checksum: Checksum): boolean {
  const expected = encodeHead(head, checksum)
  return [file, file.subarray(file.length - expected.length)].every((copy) =>
    expected.every((byte, i) => copy[i] === byte),
  )
}

/** From where the last page with the magic begins to the end. */
function copyIn(file: Uint8Array): Uint8Array[] {
  for (let at = file.length - headAlignment; at >= headAlignment; at -= headAlignment) {
    if (versionIn(file.subarray(at)) !== undefined) return [file.subarray(at)]
  }
  return []
}

/** Whether the first copy of a segment's head begins as it should, whatever follows. */
export function isHeadOf(file: Uint8Array, id: number): boolean {
  return versionIn(file) !== undefined && getU53(new DataView(file.buffer, file.byteOffset, file.byteLength), 24) === id
}

/** Of what begins as the head of a segment does. */
function versionIn(bytes: Uint8Array): number | undefined {
  if (bytes.length < headHeaderLength || !segmentMagic.every((byte, i) => bytes[i] === byte)) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(8, true)
}

/** undefined: there is none, or it was being written, or it is damaged; the caller knows by what came before. */
function decodeHead(bytes: Uint8Array, checksum: Checksum): SegmentHead | undefined {
  if (versionIn(bytes) !== formatVersion) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint32(16, true)
  const checkpoint = view.getUint32(20, true)
  if (length > bytes.length || length % headAlignment !== 0 || headHeaderLength + checkpoint > length) return undefined
  if (checksum(bytes.subarray(16, length)) !== view.getUint32(12, true)) return undefined
  return {
    id: getU53(view, 24),
    start: getU53(view, 32),
    index: getU53(view, 40),
    seed: view.getUint32(48, true),
    epoch: view.getUint32(52, true),
    length,
    checkpoint: bytes.subarray(headHeaderLength, headHeaderLength + checkpoint),
  }
}

/** Writes header, control and payload to the start of `out`, which is long enough; answers the length, padding included. */
export function encodeRecord(
  header: Omit<RecordHeader, 'control' | 'payload'>,
  body: Writer,
  seed: number,
  checksum: Checksum,
  out: Uint8Array,
): number {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  const length = recordLength(body.length, body.payloadLength)
  view.setUint32(0, recordMagic, true)
  view.setUint32(8, body.length, true)
  view.setUint32(12, body.payloadLength, true)
  setU53(view, 16, header.position)
  setU53(view, 24, header.synced)
  view.setUint32(32, header.epoch, true)
  view.setUint32(36, 0, true)
  out.set(body.control.subarray(0, body.length), recordHeaderLength)
  let at = recordHeaderLength + body.length
  view.setUint32(4, checksum(out.subarray(8, at), seed), true)
  for (const part of body.payload) {
    out.set(part, at)
    at += part.length
  }
  out.fill(0, at, length)
  return length
}

/** The header at `at`, if header and control are what was written there under this seed; the payload is not looked at. */
export function decodeRecordHeader(
  file: Uint8Array,
  view: DataView,
  at: number,
  seed: number,
  checksum: Checksum,
): RecordHeader | undefined {
  if (at + recordHeaderLength > file.length || view.getUint32(at, true) !== recordMagic) return undefined
  const control = view.getUint32(at + 8, true)
  const payload = view.getUint32(at + 12, true)
  if (control > file.length || payload > file.length || at + recordLength(control, payload) > file.length)
    return undefined
  const body = at + recordHeaderLength + control
  if (checksum(file.subarray(at + 8, body), seed) !== view.getUint32(at + 4, true)) return undefined
  return {
    control,
    payload,
    position: getU53(view, at + 16),
    synced: getU53(view, at + 24),
    epoch: view.getUint32(at + 32, true),
  }
}

/** The records of a flush; undefined if a command does not have its checksum. */
export function decodeBody<Durable>(
  file: Uint8Array,
  at: number,
  header: RecordHeader,
  codec: Pick<Codec<unknown, Durable>, 'readRecord'>,
  checksum: Checksum,
): Durable[] | undefined {
  const control = at + recordHeaderLength
  const payload = control + header.control
  const input = new Reader(file.subarray(control, payload), file.subarray(payload, payload + header.payload), checksum)
  try {
    const records: Durable[] = []
    while (input.at < input.end) records.push(codec.readRecord(input))
    input.done()
    return records
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function setU53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x1_0000_0000, true)
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true)
}

function getU53(view: DataView, at: number): number {
  return (view.getUint32(at + 4, true) % 0x20_0000) * 0x1_0000_0000 + view.getUint32(at, true)
}
