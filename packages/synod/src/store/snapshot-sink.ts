import { Malformed, Reader, type Checksum, type SnapshotSink } from '../core/index.ts'
import { inOrder, isAlarmType } from './alarms.ts'
import type { Alarm } from './alarms.ts'
import { keyText } from './key-text.ts'
import { Key } from './revisions.ts'
import type { Change } from './revisions.ts'
import { headBytes, partHeadBytes, partKinds, refuse, snapshotFormat, snapshotMagic } from './snapshot.ts'
import { Store } from './store.ts'

/** Reads the bytes of a snapshot as they come, and hands over the store that they make once all are there and sound. */
export class StoreSink implements SnapshotSink {
  private readonly checksum: Checksum
  private readonly restored: (store: Store) => void
  private readonly store: Store
  private readonly counts = { alarms: 0, leases: 0, revisions: 0 }
  /** Bytes that are no whole part yet. */
  private pending = new Uint8Array(4 * 1024)
  private length = 0
  private sum = 0
  private state: 'head' | 'parts' | 'end' = 'head'
  private kind = 0
  /** The last revision read. */
  private last = { modRevision: 0, position: 0 }
  /** Keys whose last revision read has a lease that does not live. */
  private detached = 0
  private failure: Malformed | undefined

  constructor(checksum: Checksum, restored: (store: Store) => void) {
    this.checksum = checksum
    this.restored = restored
    this.store = new Store(checksum)
  }

  /** What is wrong is said at the end: nothing after it is looked at. */
  write(bytes: Uint8Array): void {
    if (this.failure !== undefined) return
    try {
      this.read(bytes)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.failure = error
    }
  }

  finish(): void {
    if (this.failure !== undefined) throw this.failure
    if (this.state !== 'end') refuse(`it ends before its end, after ${this.counts.revisions} revisions`)
    this.restored(this.store)
  }

  private read(bytes: Uint8Array): void {
    this.hold(bytes)
    let at = 0
    for (let size = this.wholePart(at); size > 0; size = this.wholePart(at)) {
      this.part(this.pending.subarray(at, at + size))
      at += size
    }
    this.pending.copyWithin(0, at, this.length)
    this.length -= at
  }

  private hold(bytes: Uint8Array): void {
    const needed = this.length + bytes.length
    if (needed > this.pending.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.pending.length))
      larger.set(this.pending.subarray(0, this.length))
      this.pending = larger
    }
    this.pending.set(bytes, this.length)
    this.length = needed
  }

  /** The size of the part that begins there, if all of it is here; 0 otherwise. */
  private wholePart(at: number): number {
    const here = this.length - at
    if (this.state === 'end' && here > 0) refuse(`${here} bytes after its end`)
    if (this.state === 'head') return here >= headBytes ? headBytes : 0
    if (here < partHeadBytes) return 0
    const head = new Reader(this.pending.subarray(at, at + partHeadBytes))
    const kind = head.u8()
    if (kind < Math.max(1, this.kind) || kind > partKinds.end)
      refuse(`a part of the kind ${kind} after one of ${this.kind}`)
    const size = partHeadBytes + head.u32()
    return here >= size ? size : 0
  }

  private part(bytes: Uint8Array): void {
    const before = this.sum
    this.sum = this.checksum(bytes, before)
    const input = new Reader(bytes)
    if (this.state === 'head') {
      this.head(input)
      this.state = 'parts'
    } else {
      this.kind = input.u8()
      input.u32()
      if (this.kind === partKinds.alarm) this.alarm(input)
      else if (this.kind === partKinds.lease) this.lease(input)
      else if (this.kind === partKinds.revision) this.revision(input)
      else this.end(input, this.checksum(bytes.subarray(0, bytes.length - 4), before))
    }
    input.done()
  }

  private head(input: Reader): void {
    let magic = ''
    for (let i = 0; i < snapshotMagic.length; i++) magic += String.fromCharCode(input.u8())
    if (magic !== snapshotMagic) refuse('it does not begin like one')
    const format = input.u32()
    if (format !== snapshotFormat) refuse(`it has format ${format}, this version reads format ${snapshotFormat}`)
    const { store } = this
    store.revision = input.u53()
    store.compacted = input.u53()
    store.leases.clock = input.u53()
    store.leases.term = input.u53()
    if (this.checksum(input.control.subarray(0, input.at)) !== input.u32())
      refuse('its head does not have its checksum')
    if (store.revision < 1 || store.compacted > store.revision)
      refuse(`compacted at ${store.compacted} of ${store.revision}`)
  }

  private alarm(input: Reader): void {
    const { alarms } = this.store
    const alarm: Alarm = { alarm: input.u8(), member: readId(input), quotaBytes: input.u53() }
    const last = alarms.list.at(-1)
    const name = `the alarm ${alarm.alarm} of ${alarm.member.toString(16)}`
    if (!isAlarmType(alarm.alarm)) refuse(`${name}, which is none`)
    if (last !== undefined && inOrder(last, alarm) >= 0) refuse(`${name} out of order`)
    alarms.raise(alarm)
    this.counts.alarms++
  }

  private lease(input: Reader): void {
    const { leases } = this.store
    const id = BigInt.asIntN(64, readId(input))
    const ttlSeconds = input.u53()
    const grantedAt = input.u53()
    if (id === 0n || leases.get(id) !== undefined) refuse(`the lease ${id} twice, or none`)
    if (grantedAt <= leases.lastGrantedAt || grantedAt > leases.clock) refuse(`the lease ${id} out of order`)
    leases.restore(id, ttlSeconds, grantedAt)
    this.counts.leases++
  }

  private revision(input: Reader): void {
    const { store } = this
    const modRevision = input.u53()
    const position = input.u32()
    const createRevision = input.u53()
    const version = input.u53()
    const lease = BigInt.asIntN(64, readId(input))
    const text = keyText(input.bytes())
    const value = input.bytes()
    const name = `the revision ${modRevision}.${position}`
    const later =
      modRevision > this.last.modRevision || (modRevision === this.last.modRevision && position > this.last.position)
    if (!later || modRevision > store.revision) refuse(`${name} out of order`)
    const key = store.keys.get(text) ?? new Key(text)
    const change = { key, modRevision, position, createRevision, version, lease, value }
    if (text === '' || !this.follows(change)) refuse(`${name} of a key does not follow from the one before it`)
    if (this.isDetached(key.exists ? store.log.pageOf(key.newest).lease(key.newest) : 0n)) this.detached--
    if (this.isDetached(lease)) this.detached++
    store.add(change)
    this.last = { modRevision, position }
    this.counts.revisions++
  }

  /** A key's changes before a compaction may be gone, but for the last of them. */
  private follows({ key, modRevision, createRevision, version, lease }: Change): boolean {
    if (version === 0) return key.exists && lease === 0n && createRevision === 0
    if (key.exists) {
      const page = this.store.log.pageOf(key.newest)
      return version === page.version(key.newest) + 1 && createRevision === page.createRevision(key.newest)
    }
    if (key.newest === 0 && modRevision <= this.store.compacted) return createRevision <= modRevision
    return version === 1 && createRevision === modRevision
  }

  private isDetached(lease: bigint): boolean {
    return lease !== 0n && this.store.leases.get(lease) === undefined
  }

  private end(input: Reader, sum: number): void {
    const { alarms, leases, revisions } = this.counts
    if (input.u53() !== alarms || input.u53() !== leases || input.u53() !== revisions) refuse('parts are missing')
    if (input.u32() !== sum) refuse('it does not have its checksum')
    if (this.detached > 0) refuse(`${this.detached} keys have a lease that is not there`)
    this.state = 'end'
  }
}

function readId(input: Reader): bigint {
  const low = input.u32()
  const high = input.u32()
  return (BigInt(high) << 32n) | BigInt(low)
}
