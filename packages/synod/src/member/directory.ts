import { DiskError, Malformed, Reader, Writer, type Checksum, type Disk, type NodeId } from '../core/index.ts'

/**
 * Small files say whose directory this is: `identity`, written once when it is formatted, `peers`, what this member
 * knows of the others beside what the membership says, `openings`, how often its journal was opened, and, once it is no
 * member any more, `removed`. They are replaced as a whole: written aside, synced, renamed, the name synced.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | magic, "SYNODDIR", "SYNODPRS", "SYNODOPN" or "SYNODRMV" |
 * | 4 | format version |
 * | 4 | CRC-32 of what follows |
 * | | the fields, as `Writer` writes them |
 */
export interface Identity {
  /** Cluster id, 16 hexadecimal digits. */
  readonly cluster: string
  readonly self: NodeId
  /** Random: a wiped or exchanged disk has another one. */
  readonly diskId: string
  /** By which its journal was written. */
  readonly protocol: string
}

export interface Peers {
  /** Every other first member has said that it never knew this one under another disk. Only then it votes. */
  readonly confirmed: boolean
  /** The disk under which each other member is known here. */
  readonly disks: Readonly<Record<NodeId, string>>
  /** Who was removed: no id is ever used again. The newest last. */
  readonly removed: readonly NodeId[]
  /** Of a member that was added: who told it of the cluster, and where they are. */
  readonly introducers: Readonly<Record<NodeId, string>>
}

export const nobodyKnown: Peers = { confirmed: false, disks: {}, removed: [], introducers: {} }

/** How often the journal was opened, whatever of it can still be read: what makes a command's number unique for ever. */
export interface Openings {
  readonly epoch: number
}

/** This member was removed from its cluster, as the reason says. */
export interface Removed {
  readonly reason: string
}

export const directoryVersion = 3
const identityFile = 'identity'
const peersFile = 'peers'
const openingsFile = 'openings'
const removedFile = 'removed'

/** A small file that cannot be used; `message` says which, and what to do. */
export class DirectoryUnusable extends Error {
  override readonly name = 'DirectoryUnusable'
}

export class Directory {
  readonly disk: Disk
  readonly checksum: Checksum

  constructor(disk: Disk, checksum: Checksum) {
    this.disk = disk
    this.checksum = checksum
  }

  readIdentity(done: (outcome: Identity | undefined | DirectoryUnusable | DiskError) => void): void {
    this.read(
      identityFile,
      'SYNODDIR',
      (input) => ({
        cluster: input.text(),
        self: input.text(),
        diskId: input.text(),
        protocol: input.text(),
      }),
      done,
    )
  }

  readPeers(done: (outcome: Peers | undefined | DirectoryUnusable | DiskError) => void): void {
    this.read(peersFile, 'SYNODPRS', parsePeers, done)
  }

  readOpenings(done: (outcome: Openings | undefined | DirectoryUnusable | DiskError) => void): void {
    this.read(openingsFile, 'SYNODOPN', (input) => ({ epoch: input.u32() }), done)
  }

  writeOpenings({ epoch }: Openings, done: (error: DiskError | undefined) => void): void {
    const out = new Writer()
    out.u32(epoch)
    this.replace(openingsFile, 'SYNODOPN', out, done)
  }

  readRemoved(done: (outcome: Removed | undefined | DirectoryUnusable | DiskError) => void): void {
    this.read(removedFile, 'SYNODRMV', (input) => ({ reason: input.text() }), done)
  }

  writeRemoved({ reason }: Removed, done: (error: DiskError | undefined) => void): void {
    const out = new Writer()
    out.text(reason)
    this.replace(removedFile, 'SYNODRMV', out, done)
  }

  writeIdentity(identity: Identity, done: (error: DiskError | undefined) => void): void {
    const out = new Writer()
    out.text(identity.cluster)
    out.text(identity.self)
    out.text(identity.diskId)
    out.text(identity.protocol)
    this.replace(identityFile, 'SYNODDIR', out, done)
  }

  writePeers(peers: Peers, done: (error: DiskError | undefined) => void): void {
    const out = new Writer()
    out.flag(peers.confirmed)
    writeTexts(out, peers.disks)
    out.nodes(peers.removed)
    writeTexts(out, peers.introducers)
    this.replace(peersFile, 'SYNODPRS', out, done)
  }

  private read<T>(
    name: string,
    magic: string,
    parse: (input: Reader) => T,
    done: (outcome: T | undefined | DirectoryUnusable | DiskError) => void,
  ): void {
    this.disk.read(name, 0, 1024 * 1024, (bytes) => {
      if (bytes instanceof DiskError) {
        if (bytes.code === 'unreadable') return done(damaged(name, bytes))
        return done(bytes.code === 'not-found' ? undefined : bytes)
      }
      done(this.decode(name, magic, parse, bytes))
    })
  }

  private decode<T>(
    name: string,
    magic: string,
    parse: (input: Reader) => T,
    bytes: Uint8Array,
  ): T | DirectoryUnusable {
    try {
      const input = new Reader(bytes)
      for (const letter of magic) {
        if (input.u8() !== letter.charCodeAt(0)) throw new Malformed(`it does not begin with ${magic}`)
      }
      const version = input.u32()
      if (version !== directoryVersion) {
        return new DirectoryUnusable(
          `the file ${name} has format version ${version}, this program knows version ${directoryVersion}: start the version of Synod that wrote it`,
        )
      }
      if (input.u32() !== this.checksum(bytes.subarray(16))) throw new Malformed('it does not have its checksum')
      const value = parse(input)
      input.done()
      return value
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return damaged(name, error)
    }
  }

  private replace(name: string, magic: string, fields: Writer, done: (error: DiskError | undefined) => void): void {
    const body = fields.control.subarray(0, fields.length)
    const bytes = new Uint8Array(16 + body.length)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < 8; i++) bytes[i] = magic.charCodeAt(i)
    view.setUint32(8, directoryVersion, true)
    view.setUint32(12, this.checksum(body), true)
    bytes.set(body, 16)
    const aside = `${name}-aside`
    // A longer file of an interrupted attempt would leave its end behind ours.
    this.disk.remove(aside, (absent) => {
      if (absent !== undefined && absent.code !== 'not-found') return done(absent)
      const failure = this.disk.write(aside, 0, bytes)
      if (failure !== undefined) return done(failure)
      this.disk.sync(aside, (unsynced) => {
        if (unsynced !== undefined) return done(unsynced)
        this.disk.rename(aside, name, (unnamed) => {
          if (unnamed !== undefined) return done(unnamed)
          this.disk.syncDirectory(done)
        })
      })
    })
  }
}

function damaged(name: string, cause: Error): DirectoryUnusable {
  return new DirectoryUnusable(
    `the file ${name} is damaged (${cause.message}): restore it from a copy, or wipe this directory, remove the member and add it again`,
    { cause },
  )
}

function parsePeers(input: Reader): Peers {
  return { confirmed: input.flag(), disks: readTexts(input), removed: input.nodes(), introducers: readTexts(input) }
}

function writeTexts(out: Writer, texts: Readonly<Record<NodeId, string>>): void {
  const entries = Object.entries(texts)
  out.u32(entries.length)
  for (const [id, text] of entries) {
    out.text(id)
    out.text(text)
  }
}

function readTexts(input: Reader): Record<NodeId, string> {
  const texts: Record<NodeId, string> = {}
  for (let left = input.count(8); left > 0; left--) texts[input.text()] = input.text()
  return texts
}
