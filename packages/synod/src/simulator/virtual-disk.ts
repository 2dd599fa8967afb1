import { choose, DiskError, present, type Disk, type RandomState } from '../core/index.ts'
import { Copies } from './copies.ts'
import { hardOnDisks, type FaultName } from './faults.ts'

const sectorBytes = 512
/** What cannot be read is so large: a page of the page cache, which is read as a whole before a part of it is written. */
const blockBytes = 4096
/** What an opening writes first tells nothing of what was written before it: that is a flush, a mark, and two heads. */
const recentWrites = 4

/** Bytes that were written, and where they begin. */
interface Written {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Contents of a file: as the page cache has it, and what would be left of it without power. */
interface Inode {
  bytes: Uint8Array
  synced: Uint8Array
  /** Since the last sync, in order. */
  writes: Written[]
  /** The last few writes, the newest first, where they were meant to go. */
  recent: readonly Written[]
  /** Blocks that the disk does not give back, and whether anybody has noticed; until then the page cache holds them. */
  unreadable: Map<number, 'unnoticed' | 'noticed'>
}

type NameChange =
  | { readonly type: 'link'; readonly name: string; readonly inode: Inode }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'remove'; readonly name: string }

/** What the world around a disk decides: when things happen, and by which draws. */
export interface DiskWorld {
  /** false: the machine lost its power in the middle of what its process was doing; the rest of it never happens. */
  alive(): boolean
  /** Runs `step` later, unless the machine has lost its power by then. */
  schedule(operation: DiskOperation, step: () => void): void
  /** An operation that changes something has taken effect; `written`, if it is a write. */
  happened(operation: DiskOperation, written?: Uint8Array): void
  /** A fault has met an operation, or what it left. */
  fault(name: FaultName): void
  readonly random: RandomState
}

export type DiskOperation =
  | 'list'
  | 'size'
  | 'read'
  | 'allocate'
  | 'write'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'sync-directory'

/** The faults a disk has, besides losing what was not synced. */
export interface DiskFaults {
  /** `sync` of these files reports success and does nothing: what a test of durability must catch. */
  readonly ignoresSync?: (name: string) => boolean
  /** `sync` of these files fails. */
  failsSync?: ((name: string) => boolean) | undefined
  /** How long a sync takes; otherwise the world says. */
  syncTime?: number | undefined
  /** Files together may not be larger. */
  capacity?: number | undefined
  /** Of each of these, so many of the next writes to these files land in another sector of the same file. */
  misdirects?: readonly { writes: number; readonly of: (name: string) => boolean }[] | undefined
}

/**
 * A disk that forgets what was not synced and tears what was in flight: after a loss of power each sector holds what
 * was synced, or what any of the later writes left in it; and of the changes of names since the last sync of the
 * directory, only the first few have happened.
 */
export class VirtualDisk implements Disk {
  readonly faults: DiskFaults
  /** Set when a member starts on it; an operation of an earlier one is never completed. */
  world: DiskWorld
  /** Which faults it has met, ever. */
  readonly suffered: Set<FaultName> = new Set()
  /**
   * The file of which a write was misdirected, and whether that was saved since: as long as nothing was written after a sync
   * of it, nothing on the disk tells that it ever was.
   */
  unwitnessed: { readonly name: string; saved: boolean } | undefined
  private names = new Map<string, Inode>()
  private syncedNames = new Map<string, Inode>()
  private changes: NameChange[] = []
  private readonly copies = new Copies()

  constructor(world: DiskWorld, faults: DiskFaults = {}) {
    this.world = world
    this.faults = faults
  }

  list(done: (outcome: readonly string[] | DiskError) => void): void {
    this.world.schedule('list', () => done([...this.names.keys()].toSorted()))
  }

  size(name: string, done: (outcome: number | DiskError) => void): void {
    this.world.schedule('size', () => done(this.names.get(name)?.bytes.length ?? notFound('size', name)))
  }

  read(name: string, offset: number, length: number, done: (outcome: Uint8Array | DiskError) => void): void {
    this.world.schedule('read', () => {
      const inode = this.names.get(name)
      if (inode === undefined) return done(notFound('read', name))
      const bytes = inode.bytes.slice(offset, offset + length)
      done(
        this.notice(inode, offset, bytes.length)
          ? new DiskError('unreadable', `read ${name}: input/output error`)
          : bytes,
      )
    })
  }

  allocate(name: string, size: number, done: (error: DiskError | undefined) => void): void {
    this.world.schedule('allocate', () => {
      const others = [...this.names].reduce((sum, [other, inode]) => sum + (other === name ? 0 : inode.bytes.length), 0)
      if (others + size > (this.faults.capacity ?? Infinity)) {
        this.suffer('fullDisk')
        return done(noSpace('allocate', name))
      }
      this.link(name, {
        bytes: new Uint8Array(size),
        synced: new Uint8Array(0),
        writes: [{ offset: 0, bytes: zeros(size) }],
        recent: [],
        unreadable: new Map(),
      })
      this.world.happened('allocate')
      done(undefined)
    })
  }

  write(name: string, offset: number, bytes: Uint8Array): DiskError | undefined {
    if (!this.world.alive()) return undefined
    let inode = this.names.get(name)
    const growth = offset + bytes.length - (inode?.bytes.length ?? 0)
    if (growth > 0 && this.used + growth > (this.faults.capacity ?? Infinity)) {
      this.suffer('fullDisk')
      return noSpace('write', name)
    }
    if (inode === undefined) {
      inode = { bytes: new Uint8Array(0), synced: new Uint8Array(0), writes: [], recent: [], unreadable: new Map() }
      this.link(name, inode)
    }
    const copy = this.copies.of(bytes)
    const place = this.place(name, inode, offset, bytes.length)
    // One that goes astray is not refused, and a part of a block heals nothing.
    const healed = place === offset && heal(inode, offset, bytes.length)
    if (healed === 'refused') return new DiskError('io', `write ${name}: input/output error`)
    if (place !== offset) this.unwitnessed = { name, saved: false }
    // What is written over a bad block tells of nothing.
    else if (!healed) {
      if (this.unwitnessed?.saved === true && kindOf(name) === kindOf(this.unwitnessed.name))
        this.unwitnessed = undefined
      inode.recent = [{ offset, bytes: copy }, ...inode.recent.slice(0, recentWrites - 1)]
    }
    inode.bytes = patched(inode.bytes, place, copy)
    inode.writes.push({ offset: place, bytes: copy })
    this.world.happened('write', copy)
    return undefined
  }

  sync(name: string, done: (error: DiskError | undefined) => void): void {
    const inode = this.names.get(name)
    const last = inode?.writes.at(-1)
    const astray = this.unwitnessed?.name === name ? this.unwitnessed : undefined
    this.world.schedule('sync', () => {
      if (inode === undefined) return done(notFound('sync', name))
      if (this.faults.failsSync?.(name) === true) {
        this.suffer('failingSync')
        // As Linux does: what it was about stays in the page cache, passes for clean, and no later sync saves it.
        if (last !== undefined) inode.writes.splice(0, inode.writes.lastIndexOf(last) + 1)
        return done(new DiskError('io', `sync ${name}: input/output error`))
      }
      if (this.faults.ignoresSync?.(name) !== true) {
        // Those that came before it began, as far as no other sync has saved them.
        const count = last === undefined ? 0 : inode.writes.lastIndexOf(last) + 1
        for (let i = 0; i < count; i++) {
          const write = inode.writes[i]
          if (write !== undefined) inode.synced = patched(inode.synced, write.offset, write.bytes)
        }
        if (count === inode.writes.length) inode.writes = []
        else inode.writes.splice(0, count)
      }
      if (astray !== undefined) astray.saved = true
      this.world.happened('sync')
      done(undefined)
    })
  }

  rename(from: string, to: string, done: (error: DiskError | undefined) => void): void {
    this.world.schedule('rename', () => {
      if (!this.names.has(from)) return done(notFound('rename', from))
      this.change({ type: 'rename', from, to })
      this.world.happened('rename')
      done(undefined)
    })
  }

  remove(name: string, done: (error: DiskError | undefined) => void): void {
    this.world.schedule('remove', () => {
      if (!this.names.has(name)) return done(notFound('remove', name))
      this.change({ type: 'remove', name })
      this.world.happened('remove')
      done(undefined)
    })
  }

  syncDirectory(done: (error: DiskError | undefined) => void): void {
    const count = this.changes.length
    this.world.schedule('sync-directory', () => {
      for (const change of this.changes.splice(0, count)) applyChange(this.syncedNames, change)
      this.world.happened('sync-directory')
      done(undefined)
    })
  }

  // What happens to a disk

  /** What was not synced is lost, or torn, or kept, as the world's draws have it. */
  loseData(): void {
    const { random } = this.world
    for (const change of this.changes.splice(0, choose(random, this.changes.length + 1)))
      applyChange(this.syncedNames, change)
    if (this.changes.length > 0) this.suffer('lostWrite')
    this.changes = []
    this.names = new Map(this.syncedNames)
    for (const inode of new Set(this.names.values())) {
      tear(inode, random, (fault) => this.suffer(fault))
    }
  }

  /** All of it, as if the disk had been exchanged. */
  wipe(): void {
    this.suffer('wipe')
    this.names = new Map()
    this.syncedNames = new Map()
    this.changes = []
    this.unwitnessed = undefined
  }

  /** Flips bits of what is durable, behind everybody's back. */
  corrupt(name: string, offset: number, length = 1): void {
    const inode = this.names.get(name)
    if (inode === undefined) throw notFound('corrupt', name)
    this.suffer('bitFlip')
    for (const bytes of [inode.bytes, inode.synced]) {
      for (let i = offset; i < Math.min(offset + length, bytes.length); i++) bytes[i] = (bytes[i] ?? 0) ^ 0xff
    }
  }

  /** The block in which this byte lies is not given back any more, until it is written over; answers whether there is one. */
  spoil(name: string, offset: number): boolean {
    const inode = this.names.get(name)
    if (inode === undefined) throw notFound('spoil', name)
    if (offset >= inode.bytes.length) return false
    const block = Math.floor(offset / blockBytes)
    if (!inode.unreadable.has(block)) inode.unreadable.set(block, 'unnoticed')
    this.suffered.add('unreadable')
    return true
  }

  /** Nothing on the disk tells that what was written last was ever there: damaged, it is a torn write to everybody. */
  isWitnessed(name: string, offset: number): boolean {
    const inode = this.names.get(name)
    if (inode === undefined) return false
    return isClear(inode, offset, 1)
  }

  /** Something has cost it what was durable; a loss of power costs it what was not. */
  get isDamaged(): boolean {
    for (const fault of hardOnDisks) if (this.suffered.has(fault)) return true
    return false
  }

  get files(): ReadonlyMap<string, { readonly bytes: Uint8Array }> {
    return this.names
  }

  /**
   * Where a write really goes: the bytes are right, the sector is any other one of the file, before or behind, if they fit,
   * and if what they destroy there is not what was written last.
   */
  private place(name: string, inode: Inode, offset: number, length: number): number {
    const misdirects = this.faults.misdirects?.find(({ writes, of }) => writes > 0 && of(name))
    if (misdirects === undefined) return offset
    const within = offset % sectorBytes
    const places: number[] = []
    for (let at = within; at + length <= inode.bytes.length; at += sectorBytes)
      if (at !== offset && isClear(inode, at, length)) places.push(at)
    if (places.length === 0) return offset
    misdirects.writes--
    this.suffer('misdirectedWrite')
    return present(places[choose(this.world.random, places.length)], 'one of them')
  }

  /** Whether any of these bytes is in a block that cannot be read. */
  private notice({ unreadable }: Inode, offset: number, length: number): boolean {
    let found = false
    for (const block of unreadable.keys()) {
      if (!overlaps(block, offset, length)) continue
      if (unreadable.get(block) === 'unnoticed') this.world.fault('unreadable')
      unreadable.set(block, 'noticed')
      found = true
    }
    return found
  }

  private suffer(fault: FaultName): void {
    this.suffered.add(fault)
    this.world.fault(fault)
  }

  private get used(): number {
    let sum = 0
    for (const inode of this.names.values()) sum += inode.bytes.length
    return sum
  }

  private link(name: string, inode: Inode): void {
    this.change({ type: 'link', name, inode })
  }

  private change(change: NameChange): void {
    this.changes.push(change)
    applyChange(this.names, change)
  }
}

function applyChange(names: Map<string, Inode>, change: NameChange): void {
  if (change.type === 'link') names.set(change.name, change.inode)
  else if (change.type === 'remove') names.delete(change.name)
  else {
    const inode = names.get(change.from)
    names.delete(change.from)
    if (inode !== undefined) names.set(change.to, inode)
  }
}

function overlaps(block: number, offset: number, length: number): boolean {
  return block * blockBytes < offset + length && offset < (block + 1) * blockBytes
}

/**
 * A write makes what it covers readable again. A block of which it covers a part would have to be read first, unless the page
 * cache still holds it, from before: then that goes to the disk as a whole.
 */
function heal({ unreadable, bytes, synced }: Inode, offset: number, length: number): boolean | 'refused' {
  let healed = false
  for (const [block, state] of unreadable) {
    if (!overlaps(block, offset, length)) continue
    const [from, to] = [block * blockBytes, Math.min((block + 1) * blockBytes, bytes.length)]
    const isCovered = offset <= from && offset + length >= to
    if (state === 'noticed' && !isCovered) return 'refused'
    unreadable.delete(block)
    if (state === 'unnoticed') continue
    healed = true
    // What stood there is gone, whether or not a sync follows.
    synced.fill(0, from, to)
  }
  return healed
}

/** Which kind of files it is: what is written to one of them tells of what was written to another one before. */
function kindOf(name: string): string {
  return name.split('-', 1).join()
}

/** None of the last few writes was meant to go there. */
function isClear({ recent }: Inode, offset: number, length: number): boolean {
  return recent.every((last) => offset + length <= last.offset || offset >= last.offset + last.bytes.length)
}

function patched(bytes: Uint8Array, offset: number, patch: Uint8Array): Uint8Array {
  const end = offset + patch.length
  if (end <= bytes.length) {
    bytes.set(patch, offset)
    return bytes
  }
  const longer = new Uint8Array(end)
  longer.set(bytes)
  longer.set(patch, offset)
  return longer
}

let blank = new Uint8Array(0)

/** That many, to be read only: of what was allocated there is one copy, however many files. */
function zeros(length: number): Uint8Array {
  if (length > blank.length) blank = new Uint8Array(length)
  return blank.subarray(0, length)
}

function meets({ offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array }, sector: number): boolean {
  return offset < (sector + 1) * sectorBytes && offset + bytes.length > sector * sectorBytes
}

/** Each sector holds what one of the writes since the last sync left in it, or none of them; that is all there is of the file from now on. */
function tear(inode: Inode, random: RandomState, happened: (fault: FaultName) => void): void {
  const sectors = new Set<number>()
  for (const { offset, bytes } of inode.writes) {
    for (let sector = Math.floor(offset / sectorBytes); sector * sectorBytes < offset + bytes.length; sector++)
      sectors.add(sector)
  }
  for (const sector of [...sectors].toSorted((a, b) => a - b)) {
    const survivors = choose(random, inode.writes.length + 1)
    const lost = inode.writes.slice(survivors).some((write) => meets(write, sector))
    if (lost)
      happened(inode.writes.slice(0, survivors).some((write) => meets(write, sector)) ? 'tornWrite' : 'lostWrite')
    for (const { offset, bytes } of inode.writes.slice(0, survivors)) {
      const from = Math.max(offset, sector * sectorBytes)
      const to = Math.min(offset + bytes.length, (sector + 1) * sectorBytes)
      if (from < to) inode.synced = patched(inode.synced, from, bytes.subarray(from - offset, to - offset))
    }
  }
  inode.writes = []
  // Large files are few, and most are as long as they were: their memory is used again.
  if (inode.bytes.length === inode.synced.length) inode.bytes.set(inode.synced)
  else inode.bytes = inode.synced.slice()
}

function notFound(operation: DiskOperation | 'corrupt' | 'spoil', name: string): DiskError {
  return new DiskError('not-found', `${operation} ${name}: there is no such file`)
}

function noSpace(operation: DiskOperation, name: string): DiskError {
  return new DiskError('no-space', `${operation} ${name}: no space left`)
}
