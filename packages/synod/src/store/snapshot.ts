import { Malformed, Writer, type Checksum, type SnapshotSource } from '../core/index.ts'
import type { Alarm } from './alarms.ts'
import { keyBytes } from './key-text.ts'
import type { LeaseReader } from './leases.ts'
import type { LogReader } from './revisions.ts'
import type { Store } from './store.ts'

/*
 * A snapshot is one sequence of bytes: a head, then parts, each a kind (u8), the length of its body (u32) and the body.
 * Numbers are little-endian. Equal states are equal bytes, however they came about and however far they are reclaimed.
 *
 *   head         "SYNODKV\n", format (u32), revision, compacted, leases' clock, leases' term (u53 each), checksum (u32)
 *   alarm        type (u8), member (u64), quota (u53); by type and member
 *   lease        id (u64), seconds (u53), granted at (u53); in the order of their grants
 *   revision     mod (u53), position (u32), create, version (u53 each), lease (u64), key, value; in their order
 *   end          how many alarms, leases and revisions (u53 each), checksum (u32) of all bytes before this one
 */
export const snapshotMagic = 'SYNODKV\n'
export const snapshotFormat = 3
export const headBytes: number = 8 + 4 + 4 * 8 + 4
export const partHeadBytes = 5

/** The kinds of parts, in the order in which they come. */
export const partKinds = { alarm: 1, lease: 2, revision: 3, end: 4 } as const

const pieceBytes = 256 * 1024

/** All 64 bits of an id. */
function writeId(out: Writer, id: bigint): void {
  out.u32(Number(BigInt.asUintN(32, id)))
  out.u32(Number(BigInt.asUintN(32, id >> 32n)))
}

/**
 * The state of one instant, in pieces, while writes go on: revisions never change and the log only grows at its end, so
 * nothing is copied up front. What a compaction makes obsolete meanwhile stays until
 * the source is closed.
 */
export class StoreSnapshot implements SnapshotSource {
  private readonly checksum: Checksum
  private readonly compacted: number
  /** Those that are not yet written. */
  private readonly alarms: Alarm[]
  private readonly leases: LeaseReader
  private readonly revisions: LogReader
  private readonly head: Uint8Array
  private readonly counts = { alarms: 0, leases: 0, revisions: 0 }
  /** Grows to a piece and a little more, if there is that much: most stores of a simulation are far smaller. */
  private readonly out = new Writer()
  /** What `out` holds that was not yielded yet begins here. */
  private yielded = 0
  private sum = 0
  private state: 'head' | 'parts' | 'rest' | 'done' = 'head'

  constructor(store: Store) {
    this.checksum = store.checksum
    this.compacted = store.compacted
    this.alarms = [...store.alarms.list]
    this.leases = store.leases.read()
    this.revisions = store.log.read(store.revision)
    this.head = snapshotHead(store)
  }

  next(): Uint8Array | undefined {
    if (this.state === 'head') {
      this.state = 'parts'
      this.sum = this.checksum(this.head)
      return this.head
    }
    if (this.state === 'parts') this.fill()
    if (this.state === 'done') return undefined
    return this.piece()
  }

  close(): void {
    this.state = 'done'
    this.revisions.close()
  }

  /** Until a piece is there, or nothing is left. A large value is several pieces. */
  private fill(): void {
    if (this.yielded === this.out.length) {
      this.out.reset()
      this.yielded = 0
    }
    while (this.out.length - this.yielded < pieceBytes) {
      if (this.part()) continue
      this.end()
      this.state = 'rest'
      return
    }
  }

  private piece(): Uint8Array | undefined {
    const end = Math.min(this.out.length, this.yielded + pieceBytes)
    if (end === this.yielded) {
      this.state = 'done'
      return undefined
    }
    const piece = this.out.control.slice(this.yielded, end)
    this.yielded = end
    return piece
  }

  private part(): boolean {
    const alarm = this.alarms.shift()
    if (alarm !== undefined) {
      this.counts.alarms++
      this.write(partKinds.alarm, (out) => {
        out.u8(alarm.alarm)
        writeId(out, alarm.member)
        out.u53(alarm.quotaBytes)
      })
      return true
    }
    const lease = this.leases.next()
    if (lease !== undefined) {
      this.counts.leases++
      this.write(partKinds.lease, (out) => {
        writeId(out, lease.id)
        out.u53(lease.ttlSeconds)
        out.u53(lease.grantedAt)
      })
      return true
    }
    return this.revisionPart()
  }

  private revisionPart(): boolean {
    const { revisions } = this
    // What is obsolete and not yet reclaimed here is not there on another member.
    do {
      if (!revisions.next()) return false
    } while (revisions.page.obsolete(revisions.place, this.compacted))
    this.counts.revisions++
    this.write(partKinds.revision, (out) => writeChange(out, revisions))
    return true
  }

  private end(): void {
    this.write(partKinds.end, (out) => {
      out.u53(this.counts.alarms)
      out.u53(this.counts.leases)
      out.u53(this.counts.revisions)
    })
    this.out.u32(this.sum)
  }

  private write(kind: number, body: (out: Writer) => void): void {
    const { out } = this
    const start = out.length
    out.u8(kind)
    out.u32(0)
    body(out)
    const trailer = kind === partKinds.end ? 4 : 0
    out.view.setUint32(start + 1, out.length - start - partHeadBytes + trailer, true)
    this.sum = this.checksum(out.control.subarray(start, out.length), this.sum)
  }
}

/** The change that a reader of the log came to; the body of a revision's part. */
export function writeChange(out: Writer, { page, place }: LogReader): void {
  out.u53(page.modRevision(place))
  out.u32(page.position(place))
  out.u53(page.createRevision(place))
  out.u53(page.version(place))
  writeId(out, page.lease(place))
  out.bytes(keyBytes(page.key(place).text))
  out.bytes(page.value(place))
}

function snapshotHead(store: Store): Uint8Array {
  const out = new Writer(headBytes)
  for (const character of snapshotMagic) out.u8(character.charCodeAt(0))
  out.u32(snapshotFormat)
  out.u53(store.revision)
  out.u53(store.compacted)
  out.u53(store.leases.clock)
  out.u53(store.leases.term)
  out.u32(store.checksum(out.control.subarray(0, out.length)))
  return out.control.slice(0, out.length)
}

/** Says which snapshot cannot be read, and why. */
export function refuse(reason: string): never {
  throw new Malformed(`a snapshot of the store: ${reason}`)
}
