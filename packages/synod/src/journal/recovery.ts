import type { Checksum, Codec } from '../core/index.ts'
import {
  aligned,
  decodeBody,
  decodeRecordHeader,
  headAlignment,
  isHeadOf,
  neverFirst,
  readHead,
  recordLength,
  seedOf,
  type RecordHeader,
  type SegmentFile,
  type SegmentHead,
  type Stretch,
} from './format.ts'
import { fileOf } from './segments.ts'

/** What a journal holds, in order. A `hole` is what cannot be read although it was synced: corruption, never cut. */
export type Item<Durable> =
  | { readonly type: 'checkpoint'; readonly record: Durable }
  | { readonly type: 'records'; readonly records: readonly Durable[] }
  | { readonly type: 'hole'; readonly from: number; readonly to: number }

export interface Scan<Durable> {
  readonly items: readonly Item<Durable>[]
  /** The segments in use, oldest first. */
  readonly segments: readonly SegmentHead[]
  /** Where the next record goes: position, and offset in the last segment. */
  readonly position: number
  readonly offset: number
  /** The greatest epoch seen. */
  readonly epoch: number
  /** Bytes after `position` that a crash tore; they were never known to be synced, and nobody relied on them. */
  readonly torn: number
  /** Up to here it was known to be synced; what lies between here and `position` may be in the page cache only. */
  readonly synced: number
  /** Up to here nothing is cut either, as the disk did not give back what may have been there. 0: it gave back everything. */
  readonly lost: number
  /** What the disk did not give back, in whichever file. */
  readonly unreadable: readonly (Stretch & { readonly file: string })[]
  /** Size of the last segment's file. */
  readonly fileBytes: number
}

/**
 * A live record, or a stretch that cannot be read, or (with no records) one in which nothing but a mark stood. Positions count
 * from the journal's very beginning.
 */
interface Piece<Durable> extends Stretch {
  readonly records: readonly Durable[] | undefined
  readonly offset: number
  /** What cannot be read of it the disk did not give back: nobody knows whether it was torn. */
  readonly isUnreadable: boolean
}

/**
 * Reads a journal after a crash. **The tail is what lies beyond the greatest position up to which any record or head
 * says that the journal was synced.** What cannot be read there was torn, and is cut: no message that depended on it
 * has left. What cannot be read before it is corruption (Alagappan et al., FAST'18): it is reported as a hole, what
 * follows it is still read, and the peers repair it. So is what the disk itself did not give back, wherever it lies:
 * there may have been records, and the last of all.
 */
export function scan<Durable>(
  files: readonly SegmentFile[],
  codec: Pick<Codec<unknown, Durable>, 'readRecord'>,
  readCheckpoint: (bytes: Uint8Array) => Durable | undefined,
  checksum: Checksum,
): Scan<Durable> {
  const segments: SegmentHead[] = []
  const pieces: Piece<Durable>[] = []
  const state: Scanning = { synced: 0, epoch: 0, files }
  let position: number | undefined
  let checkpoint: Item<Durable> | undefined
  let fileBytes = 0

  for (const file of files.toSorted((a, b) => a.id - b.id)) {
    const before = segments.at(-1)
    const head =
      readHead(file.bytes, file.id, checksum) ??
      (before && position !== undefined ? headMadeAnew(file, before, position, state.epoch, checksum) : undefined)
    // It was not begun; or all of it is lost, which shows as a gap before the start of the next one.
    if (head === undefined) continue
    const record = head.index === neverFirst ? undefined : readCheckpoint(head.checkpoint)
    if (position === undefined) {
      // It was cut, and has not been used again or removed yet.
      if (head.index === neverFirst) continue
      if (record !== undefined) checkpoint = { type: 'checkpoint', record }
    } else {
      clip(pieces, head.start)
      const gap = { from: position, to: head.start, offset: 0, isUnreadable: false }
      if (head.start > position) pieces.push({ ...gap, records: undefined })
      // After a hole this is the hard state that the hole may have swallowed.
      if (record !== undefined) pieces.push({ ...gap, from: head.start, records: [record] })
    }
    fileBytes = file.bytes.length
    state.synced = Math.max(state.synced, head.start)
    state.epoch = Math.max(state.epoch, head.epoch)
    segments.push(head)
    position = scanSegment(file, head, codec, checksum, pieces, state)
  }

  return settle(checkpoint, pieces, segments, state, position ?? 0, fileBytes)
}

interface Scanning {
  synced: number
  epoch: number
  readonly files: readonly SegmentFile[]
}

/**
 * A segment ends where the next one begins. What lies in it behind that was torn, was cut at an opening, and had no room
 * left for what came next: it is neither a hole nor live, whatever can be read of it.
 */
function clip<Durable>(pieces: Piece<Durable>[], end: number): void {
  let last = pieces.at(-1)
  while (last !== undefined && last.to > end) {
    pieces.pop()
    const records = isLostMark(last) ? [] : undefined
    if (last.from < end) pieces.push({ ...last, to: end, records })
    last = pieces.at(-1)
  }
}

/**
 * Both heads are damaged, or a power cut has torn them while the segment was begun. If it holds any record it was in use,
 * and what was synced is read as if its head were there: the checkpoint alone is lost, which follows from what was read
 * before. Its first record stands where the segment before it ended, at `position`, unless a part of that is lost as well.
 * If it holds none it was never begun, unless it is the disk that hides both heads: then its records may be hidden, too.
 */
function headMadeAnew(
  file: SegmentFile,
  before: SegmentHead,
  position: number,
  epoch: number,
  checksum: Checksum,
): SegmentHead | undefined {
  const { id, bytes, unreadable } = file
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const seed = seedOf(id, before)
  const header = (at: number): RecordHeader | undefined => decodeRecordHeader(bytes, view, at, seed, checksum)
  const at = nextRecord(headAlignment, bytes.length, header)
  const first = at === undefined ? undefined : header(at)
  const anew = { id, index: neverFirst, seed, epoch, checkpoint: new Uint8Array(0) }
  if (at === undefined || first === undefined) {
    const [one, another] = unreadable
    const isHidden =
      one?.from === 0 ? one.to > headAlignment || another !== undefined : isHeadOf(bytes, id) && one !== undefined
    return isHidden ? { ...anew, start: position, length: headAlignment } : undefined
  }
  const origin = first.position - at
  // What was cut of the segment before it may still be read behind its end: so never more than lies before the record.
  const most = Math.min(position - origin, at)
  const length = Math.max(headAlignment, Math.floor(most / headAlignment) * headAlignment)
  return { ...anew, start: origin + length, length }
}

/** Answers the position after the last record, or after the last stretch that should have been one. */
function scanSegment<Durable>(
  { bytes: file, unreadable }: SegmentFile,
  head: SegmentHead,
  codec: Pick<Codec<unknown, Durable>, 'readRecord'>,
  checksum: Checksum,
  pieces: Piece<Durable>[],
  state: Scanning,
): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  // The rest is the copy of the head.
  const end = file.length - head.length
  let epoch = head.epoch
  const live = (at: number): RecordHeader | undefined => {
    const header = decodeRecordHeader(file, view, at, head.seed, checksum)
    // A record of an earlier epoch was cut as torn by an opening that followed, and overwritten since.
    return header?.position === head.start + at - head.length && header.epoch >= epoch ? header : undefined
  }
  let at = head.length
  while (at < end) {
    let header = live(at)
    if (header === undefined) {
      const next = nextRecord(at + 8, end, live)
      if (next === undefined) break
      header = live(next)
      const from = head.start + at - head.length
      const to = head.start + next - head.length
      const isUnreadable = meetsAny(unreadable, at, next)
      const isMark = header !== undefined && !isUnreadable && isMarkAlone(from, header, epoch)
      pieces.push({ from, to, records: isMark ? [] : undefined, offset: at, isUnreadable })
      at = next
    }
    if (header === undefined) break
    epoch = header.epoch
    state.epoch = Math.max(state.epoch, epoch)
    state.synced = Math.max(state.synced, header.synced)
    const length = recordLength(header.control, header.payload)
    const records = decodeBody(file, at, header, codec, checksum)
    const isUnreadable = records === undefined && meetsAny(unreadable, at, at + length)
    pieces.push({ from: header.position, to: header.position + length, records, offset: at, isUnreadable })
    at += length
  }
  const hidden = unreadable.findLast((stretch) => stretch.from < end && stretch.to > at)
  if (hidden !== undefined) {
    const from = head.start + at - head.length
    const offset = at
    at = Math.min(hidden.to, end)
    pieces.push({ from, to: head.start + at - head.length, records: undefined, offset, isUnreadable: true })
  }
  return head.start + at - head.length
}

function meetsAny(stretches: readonly Stretch[], from: number, to: number): boolean {
  return stretches.some((stretch) => stretch.from < to && stretch.to > from)
}

/**
 * Whether nothing but a mark stood in the stretch before a record. A flush is written when all flushes before it are known
 * to be synced, so what it does not know that of is at most a mark, which holds nothing. It may have been torn, and the
 * flush not; or it was lost, and the flush was relied on. (The first record of an epoch knows less of those before it.)
 */
function isMarkAlone(from: number, next: RecordHeader, epoch: number): boolean {
  return next.synced <= from && next.epoch === epoch
}

function isLostMark({ records }: Pick<Piece<unknown>, 'records'>): boolean {
  return records?.length === 0
}

function nextRecord(from: number, end: number, live: (at: number) => RecordHeader | undefined): number | undefined {
  for (let at = aligned(from); at < end; at += 8) if (live(at) !== undefined) return at
  return undefined
}

/** Decides which unreadable stretches are the tail, now that the greatest synced position is known. */
function settle<Durable>(
  checkpoint: Item<Durable> | undefined,
  pieces: readonly Piece<Durable>[],
  segments: readonly SegmentHead[],
  state: Scanning,
  end: number,
  fileBytes: number,
): Scan<Durable> {
  const items: Item<Durable>[] = checkpoint === undefined ? [] : [checkpoint]
  const lost = pieces.findLast(({ isUnreadable }) => isUnreadable)?.to ?? 0
  const known = Math.max(state.synced, lost)
  let cut = end
  for (const [i, piece] of pieces.entries()) {
    if (piece.records !== undefined) {
      if (!isLostMark(piece)) items.push({ type: 'records', records: piece.records })
    } else if (piece.from >= known) {
      // A mark that was torn with it goes, too: what an opening writes knows less, and would not tell it from a hole.
      const before = pieces[i - 1]
      cut = before !== undefined && isLostMark(before) ? before.from : piece.from
      break
    } else {
      items.push({ type: 'hole', from: piece.from, to: piece.to })
    }
  }
  // Synced up to there, but nothing readable is left: the end itself is the hole.
  if (cut < known) {
    items.push({ type: 'hole', from: cut, to: known })
    cut = known
  }
  const last = segments.at(-1)
  return {
    items,
    segments,
    position: cut,
    offset: last === undefined ? 0 : last.length + cut - last.start,
    epoch: state.epoch,
    torn: Math.max(0, (pieces.at(-1)?.to ?? cut) - cut),
    synced: state.synced,
    lost,
    unreadable: state.files.flatMap(({ id, unreadable }) => unreadable.map((part) => ({ file: fileOf(id), ...part }))),
    fileBytes,
  }
}
