import {
  DiskError,
  Malformed,
  membersOf,
  type Codec,
  type Halt,
  type LogEngine,
  type Ports,
  type SnapshotId,
} from '../core/index.ts'
import { isSegment, JournalUnreadable, UnknownFormat, type Journal, type Scan } from '../journal/index.ts'
import { removedHalt } from './departure.ts'
import { DirectoryUnusable, nobodyKnown, type Directory, type Identity, type Peers } from './directory.ts'
import type { MemberOptions } from './options.ts'
import { isSnapshot } from './snapshot-file.ts'
import type { Snapshots } from './snapshots.ts'

/** What an opening works on. */
export interface Opening<Message, Durable> {
  readonly ports: Ports
  readonly options: MemberOptions
  readonly directory: Directory
  readonly journal: Journal<Durable>
  readonly snapshots: Snapshots
  readonly engine: LogEngine<unknown, Message, Durable>
  readonly codec: Codec<Message, Durable>
}

export interface Opened {
  readonly identity: Identity
  readonly peers: Peers | undefined
  /** The state machine holds this snapshot. */
  readonly snapshot: SnapshotId | undefined
  /** Of this opening: never used before, even if the records of the last one cannot be read. */
  readonly epoch: number
}

/**
 * Makes a member of what its directory holds: formats an empty one, refuses another cluster's or another member's,
 * folds the journal into the engine and loads the snapshot into the state machine.
 */
export function openMember<Message, Durable>(
  opening: Opening<Message, Durable>,
  done: (outcome: Opened | Halt) => void,
): void {
  const { ports, directory } = opening
  ports.disk.list((names) => {
    if (names instanceof DiskError) return done(broken(names))
    directory.readIdentity((identity) => {
      if (identity instanceof DiskError) return done(broken(identity))
      if (identity instanceof DirectoryUnusable)
        return done({ code: 'corrupt', message: identity.message, cause: identity })
      if (identity === undefined) return formatDirectory(opening, names, done)
      const otherwise = writtenBy(identity, opening.codec)
      if (otherwise !== undefined) return done(otherwise)
      const stranger = foreign(identity, opening.options)
      if (stranger !== undefined) return explain(directory, stranger, done)
      unlessRemoved(directory, done, () => readDirectory(opening, identity, names, done))
    })
  })
}

/** A member that was removed says so again, though nobody may be left who knows. */
function unlessRemoved(directory: Directory, done: (outcome: Halt) => void, go: () => void): void {
  directory.readRemoved((removed) => {
    if (removed instanceof DiskError) return done(broken(removed))
    if (removed instanceof DirectoryUnusable) return done({ code: 'corrupt', message: removed.message, cause: removed })
    if (removed !== undefined) return done(removedHalt(removed.reason))
    go()
  })
}

/** Nothing that one protocol has promised is known to another. */
function writtenBy({ protocol }: Identity, codec: Opening<unknown, unknown>['codec']): Halt | undefined {
  if (protocol === codec.protocol) return undefined
  const message =
    `this directory was written by the engine ${protocol}, and ${codec.protocol} is to be started: start ${protocol}, ` +
    'or begin with an empty directory'
  return { code: 'incompatible', message }
}

function foreign(identity: Identity, { cluster, self }: MemberOptions): Halt | undefined {
  const message =
    identity.cluster !== cluster
      ? `this directory belongs to cluster ${identity.cluster}, the flags describe cluster ${cluster}`
      : identity.self !== self
        ? `this directory belongs to member ${identity.self}, the flags describe member ${self}`
        : undefined
  if (message === undefined) return undefined
  return {
    code: 'incompatible',
    message: `${message}: compare --data-dir, --name, --initial-cluster and --initial-cluster-token`,
  }
}

/** Who has mistyped the cluster at the first start gets on by deleting what that start has made, and is told only if so. */
function explain(directory: Directory, stranger: Halt, done: (outcome: Halt) => void): void {
  directory.readPeers((peers) => {
    const used = peers instanceof DiskError || peers instanceof DirectoryUnusable || peers?.confirmed === true
    if (used) return done(stranger)
    const hint =
      'It has never taken part in its cluster: if it was made by mistake, delete this directory and start again'
    done({ ...stranger, message: `${stranger.message}. ${hint}` })
  })
}

function broken(error: DiskError): Halt {
  return { code: 'disk', message: error.message, cause: error }
}

/** The identity is written last: a directory without one was never relied on, unless it holds more than a format leaves behind. */
function formatDirectory<Message, Durable>(
  opening: Opening<Message, Durable>,
  names: readonly string[],
  done: (outcome: Opened | Halt) => void,
): void {
  const { options, directory, journal, engine, ports } = opening
  if (names.some(isSnapshot) || names.some((name) => isSegment(name) && name !== 'journal-0000000001')) {
    const message =
      'the directory has data but no file "identity": restore that file from a copy, or remove the member and add it again on an empty directory'
    return done({ code: 'corrupt', message })
  }
  const write = (): void =>
    journal.format(engine.bootstrap(options.membership), (error) => {
      if (error !== undefined) return done(broken(error))
      const { cluster, self, diskId } = options
      const identity = { cluster, self, diskId, protocol: opening.codec.protocol }
      directory.writePeers({ ...nobodyKnown, introducers: options.introducers }, (unknown) => {
        if (unknown !== undefined) return done(broken(unknown))
        directory.writeIdentity(identity, (unwritten) => {
          if (unwritten !== undefined) return done(broken(unwritten))
          ports.log.info('formatted an empty directory', identity)
          readDirectory(opening, identity, [...names.filter((name) => !isSegment(name)), 'journal-0000000001'], done)
        })
      })
    })
  if (!names.some(isSegment)) return write()
  // An interrupted format leaves an empty journal behind. One that holds anything was used.
  journal.open(names, (found) => {
    const used = !('items' in found)
      ? !(found instanceof JournalUnreadable) || found.cause !== undefined
      : found.items.some((item) => item.type !== 'checkpoint')
    if (!used) return write()
    const message =
      'the directory has a journal with records but no file "identity": restore that file from a copy, or remove the member and add it again on an empty directory'
    done({ code: 'corrupt', message })
  })
}

function readDirectory<Message, Durable>(
  opening: Opening<Message, Durable>,
  identity: Identity,
  names: readonly string[],
  done: (outcome: Opened | Halt) => void,
): void {
  const { directory, journal, snapshots, ports, engine } = opening
  snapshots.adopt(names)
  directory.readPeers((peers) => {
    if (peers instanceof DiskError) return done(broken(peers))
    if (peers instanceof DirectoryUnusable) return done({ code: 'corrupt', message: peers.message, cause: peers })
    journal.open(names, (found) => {
      if (found instanceof DiskError) return done(broken(found))
      if (found instanceof UnknownFormat) return done({ code: 'incompatible', message: found.message, cause: found })
      if (found instanceof JournalUnreadable) {
        // With unreadable hard state a member is as good as wiped: it may have voted, and cannot know for whom.
        const message = `${found.message}: the member has forgotten what it voted; remove it and add it again on an empty directory`
        return done({ code: 'corrupt', message, cause: found })
      }
      fold(opening, found)
      loadSnapshot(opening, (snapshot) => {
        if (snapshot instanceof DiskError) return done(broken(snapshot))
        if (engine.standing.repairing && isAlone(opening, peers)) {
          const message =
            'the journal has lost records that were synced, and this member is the only one: nobody can bring them back. Restore its directory from a copy; or, to lose all data, move the directory away and start on an empty one, which is a new cluster'
          return done({ code: 'corrupt', message })
        }
        if (engine.standing.stranded) {
          const message =
            'the journal has lost records that were synced, the newest vote among them, and what is left does not say who the other members are: remove this one and add it again on an empty directory'
          return done({ code: 'corrupt', message })
        }
        if (engine.standing.repairing) {
          ports.log.error(
            'the disk has lost records that were synced: this member neither votes nor serves until its peers have repaired it',
          )
        }
        countOpening(opening, (epoch) => done(typeof epoch === 'number' ? { identity, peers, snapshot, epoch } : epoch))
      })
    })
  })
}

/**
 * Nothing that is left names another member, and none was ever met: each is remembered before anything that it says counts. So
 * a membership that is lost with a part of the log had nobody else in it either.
 */
function isAlone<Message, Durable>({ engine, options }: Opening<Message, Durable>, peers: Peers | undefined): boolean {
  const members = membersOf(engine.standing.membership)
  const met = { ...peers?.disks, ...peers?.introducers }
  return members.length > 0 && [...members, ...Object.keys(met)].every((id) => id === options.self)
}

function fold<Message, Durable>({ engine, ports }: Opening<Message, Durable>, found: Scan<Durable>): void {
  for (const range of found.unreadable) ports.log.error('the disk cannot read a part of the journal: replace it', range)
  for (const item of found.items) {
    if (item.type === 'checkpoint') engine.restore(item.record)
    else if (item.type === 'records') for (const record of item.records) engine.restore(record)
    else {
      ports.log.error('corrupt journal', { from: item.from, to: item.to })
      engine.lost('records')
    }
  }
  if (found.torn > 0) ports.log.info('cut what a crash tore at the end of the journal', { bytes: found.torn })
}

function loadSnapshot<Message, Durable>(
  opening: Opening<Message, Durable>,
  done: (outcome: SnapshotId | undefined | DiskError) => void,
): void {
  const { engine, snapshots, ports } = opening
  const { snapshot, compacted } = engine.standing
  const lost = (why: string): void => {
    ports.log.error('the snapshot cannot be used', { snapshot, why })
    snapshots.forget()
    engine.lost('snapshot')
    done(undefined)
  }
  if (snapshot === undefined || snapshot.index === 0)
    return compacted === 0 ? done(undefined) : lost(`the log begins after ${compacted}`)
  if (compacted > snapshot.index) return lost(`the log begins after ${compacted}`)
  snapshots.load(snapshot, (outcome) => {
    if (outcome instanceof Malformed) return lost(outcome.message)
    if (!(outcome instanceof DiskError)) return done(outcome)
    if (outcome.code === 'not-found' || outcome.code === 'unreadable') return lost(outcome.message)
    done(outcome)
  })
}

/** The journal's own count is lost with its last records, so it is also kept apart from them. */
function countOpening<Message, Durable>(
  { directory, journal }: Opening<Message, Durable>,
  done: (outcome: number | Halt) => void,
): void {
  directory.readOpenings((openings) => {
    if (openings instanceof DiskError) return done(broken(openings))
    if (openings instanceof DirectoryUnusable)
      return done({ code: 'corrupt', message: openings.message, cause: openings })
    const epoch = Math.max(journal.epoch, (openings?.epoch ?? 0) + 1)
    directory.writeOpenings({ epoch }, (error) => done(error === undefined ? epoch : broken(error)))
  })
}
