import { describe, expect, it } from 'vitest'
import {
  crc32,
  DiskError,
  openFrame,
  seeded,
  voting,
  type Failure,
  type Index,
  type Milliseconds,
  type NodeId,
} from '../core/index.ts'
import { defaultMemberOptions, readWire } from '../member/index.ts'
import { Snapshots } from '../member/snapshots.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import { VirtualDisk, type DiskFaults } from '../simulator/index.ts'
import { Schedule } from '../simulator/schedule.ts'
import { TallyCluster } from './tally-cluster.ts'
import { TallyMachine, tallyOperation, type TallyContext } from './tally-machine.ts'

const nodes = ['a', 'b', 'c']

/** A cluster whose disks may become slow while it runs. */
function clusterOfSlowDisks(): { cluster: TallyCluster; slowDown: (id: NodeId, syncTime: number | undefined) => void } {
  const disks = new Map<NodeId, DiskFaults>(nodes.map((id) => [id, {}]))
  const cluster = new TallyCluster({ seed: 5, disk: (id) => disks.get(id) ?? {} })
  cluster.startAll()
  const slowDown = (id: NodeId, syncTime: number | undefined): void => {
    const faults = disks.get(id)
    if (faults === undefined) return
    if (syncTime === undefined) delete faults.syncTime
    else faults.syncTime = syncTime
  }
  return { cluster, slowDown }
}

/** A client who waits for many answers at a time. */
class Client {
  readonly answers: Map<number, number | Failure> = new Map()
  private readonly cluster: TallyCluster

  constructor(cluster: TallyCluster) {
    this.cluster = cluster
  }

  submit(id: NodeId, value: number): void {
    const context: TallyContext = {
      applied: (position) => void this.answers.set(value, position),
      failed: (error) => void this.answers.set(value, error),
      readable: () => undefined,
    }
    this.cluster.present(id).submit(tallyOperation(value), context)
  }

  /** Submits `count` operations to whoever leads, one in so many milliseconds. */
  load(first: number, count: number, every: number): void {
    if (count === 0) return
    const { cluster } = this
    this.submit(cluster.leader() ?? 'a', first)
    cluster.schedule.after(every, () => this.load(first + 1, count - 1, every))
  }

  /** Values that were answered with a position where something else is. */
  falselyAnswered(id: NodeId): number[] {
    const operations = this.cluster.machines.get(id)?.operations ?? []
    return [...this.answers].flatMap(([value, position]) =>
      typeof position === 'number' && operations[position - 1] !== value ? [value] : [],
    )
  }
}

/** The snapshots of a member alone, on a disk whose syncs take long. */
class SnapshotBench {
  readonly taken: Index[] = []
  readonly snapshots: Snapshots
  private readonly schedule = new Schedule()

  constructor() {
    const { schedule } = this
    const disk = new VirtualDisk({
      random: seeded(1),
      alive: () => true,
      schedule: (operation, step) => schedule.after(operation === 'sync' ? 50 : 1, step),
      happened: () => undefined,
      fault: () => undefined,
    })
    const machine = new TallyMachine()
    machine.operations = [1, 2, 3]
    const silent = (): void => undefined
    const limits = { ...defaultMemberOptions.snapshots, entries: 1 }
    const snapshots: Snapshots = new Snapshots(disk, crc32, limits, {
      log: { debug: silent, info: silent, warn: silent, error: silent },
      now: () => schedule.now,
      source: () => machine.snapshot(),
      sink: () => machine.install(),
      tell: silent,
      soon: () => schedule.after(1, () => snapshots.step()),
      later: silent,
      taken: ({ index }) => void this.taken.push(index),
      fetched: silent,
      failed: (error) => {
        throw error
      },
    })
    this.snapshots = snapshots
  }

  /** As soon as one is due, as the upkeep does it. */
  take(index: Index): void {
    if (this.snapshots.due(index, 0, 1)) this.snapshots.take({ index, term: 1, membership: voting(['a']) })
    else this.schedule.after(1, () => this.take(index))
  }

  load(index: Index): unknown {
    let found: unknown
    this.snapshots.load({ index, term: 1, membership: voting(['a']) }, (outcome) => (found = outcome))
    this.run(10)
    return found
  }

  run(duration: Milliseconds): void {
    const until = this.schedule.now + duration
    let more = true
    while (more) more = this.schedule.step(until)
  }
}

/** Holds operations of a disk back while it is closed. */
class Gate {
  closed = false
  private readonly held: (() => void)[] = []

  pass(concerned: boolean, operation: () => void): void {
    if (this.closed && concerned) this.held.push(operation)
    else operation()
  }

  open(): void {
    this.closed = false
    for (const operation of this.held.splice(0)) operation()
  }
}

function restart(cluster: TallyCluster, id: NodeId): void {
  cluster.kill(id)
  cluster.start(id)
  cluster.run(1_000)
}

function complaints(cluster: TallyCluster, id: NodeId): string[] {
  return cluster.logs.filter((line) => line.startsWith(`${id} error`))
}

/** What the files of this machine's journal hold now. */
function journalOf(cluster: TallyCluster, id: NodeId): Map<string, Uint8Array> {
  const files = [...cluster.node(id).disk.files].filter(([name]) => name.startsWith('journal-'))
  return new Map(files.map(([name, { bytes }]) => [name, bytes.slice()]))
}

/** Damages all that was written to the journal since it was `before`. */
function damageSince(cluster: TallyCluster, id: NodeId, before: ReadonlyMap<string, Uint8Array>): number {
  let damaged = 0
  for (const [name, bytes] of journalOf(cluster, id)) {
    const earlier = before.get(name)
    if (earlier === undefined) continue
    const differs = (byte: number, at: number): boolean => byte !== earlier[at]
    const [from, to] = [bytes.findIndex(differs), bytes.findLastIndex(differs)]
    if (from < 0) continue
    cluster.node(id).disk.corrupt(name, from, to - from + 1)
    damaged += to - from + 1
  }
  return damaged
}

/** Indexes of the snapshots that are on this machine's disk, whole. */
function snapshotsOf(cluster: TallyCluster, id: NodeId): Index[] {
  return [...cluster.node(id).disk.files.keys()].flatMap((name) => {
    const index = /^snapshot-(\d+)-\d+$/.exec(name)?.[1]
    return index === undefined ? [] : [Number(index)]
  })
}

describe('after a restart', () => {
  it('a segment begun while records of an older term waited for a slow disk is read like any other', () => {
    const { cluster, slowDown } = clusterOfSlowDisks()
    const client = new Client(cluster)
    const [slow = 'b'] = cluster.followers()
    for (let round = 0; round < 6; round++) {
      // More than half a segment's worth waits behind one sync, so every second round or so the next segment begins.
      slowDown(slow, 200)
      client.load(1_000 * round, 100, 1)
      cluster.run(110)
      // A new term, of which the next segment's head tells, while those wait.
      cluster.present(cluster.leader() ?? 'a').transfer()
      cluster.run(300)
      slowDown(slow, undefined)
      cluster.run(500)
      restart(cluster, slow)
      expect(cluster.present(slow).phase).toBe('running')
    }
    expect(cluster.agree()).toBe(true)
  })

  it('nothing is corrupt of a command that waited for the disk while its operations went into a new one', () => {
    const { cluster, slowDown } = clusterOfSlowDisks()
    const client = new Client(cluster)
    const old = cluster.leader() ?? 'a'
    cluster.puts(1, 5)
    slowDown(old, 1_500)
    for (const id of cluster.followers()) cluster.cut.add(`${old}>${id}`)
    // The first one's sync is under way, so the second one waits behind it.
    client.submit(old, 100)
    cluster.run(5)
    client.submit(old, 101)
    cluster.run(700, () => nodes.some((id) => id !== old && cluster.present(id).standing.leading))
    cluster.run(60)
    // The new leader's entry says that both are lost: what is submitted now joins them.
    cluster.heal()
    cluster.run(100)
    for (let value = 200; value < 206; value++) {
      client.submit(old, value)
      cluster.run(20)
    }
    cluster.run(4_000)
    slowDown(old, undefined)
    cluster.run(1_000)
    restart(cluster, old)
    expect(complaints(cluster, old)).toEqual([])
    expect(client.answers.size).toBe(8)
    expect(cluster.agree()).toBe(true)
    expect(client.falselyAnswered(old)).toEqual([])
  })

  it('no sequence number is used again, though all records of the last opening are lost', () => {
    const cluster = new TallyCluster({ seed: 5 })
    cluster.startAll()
    cluster.puts(1, 5)
    const [follower = 'b'] = cluster.followers()
    cluster.run(100)
    const before = journalOf(cluster, follower)
    restart(cluster, follower)
    const client = new Client(cluster)
    // Which command each number that the follower sends to the leader stands for.
    const numbered = new Map<number, Set<number>>()
    cluster.onFrame = (from, _, frame) => {
      const wire = readWire(openFrame(frame, crc32), raftCodec)
      if (from !== follower || wire.type !== 'forward') return true
      const { sequence, checksum } = wire.command
      numbered.set(sequence, (numbered.get(sequence) ?? new Set()).add(checksum))
      return true
    }
    for (const value of [100, 101, 102]) {
      client.submit(follower, value)
      cluster.run(30)
    }
    cluster.run(100)
    cluster.kill(follower)
    expect(damageSince(cluster, follower, before)).toBeGreaterThan(0)
    cluster.start(follower)
    cluster.run(10_000, () => cluster.present(follower).phase === 'running')
    // The leader sends what was lost: the commands of the last opening are decided here for the second time.
    for (const value of [200, 201, 202]) {
      client.submit(follower, value)
      cluster.run(8)
    }
    cluster.run(9_000)
    expect([...client.answers.keys()]).toEqual([100, 101, 102, 200, 201, 202])
    expect(numbered.size).toBeGreaterThanOrEqual(4)
    expect([...numbered].filter(([, commands]) => commands.size > 1)).toEqual([])
    expect(cluster.agree()).toBe(true)
    expect(client.falselyAnswered(follower)).toEqual([])
  })
})

describe('a snapshot', () => {
  it('reaches a follower that fetches more slowly than its leader takes new ones', () => {
    const cluster = new TallyCluster({ seed: 7 })
    cluster.startAll()
    const [slow = 'b'] = cluster.followers()
    cluster.puts(1, 400)
    cluster.isolate(slow)
    cluster.puts(401, 701)
    // A chunk of some gets through in 800 ms; meanwhile the leader takes four snapshots.
    let last = -1
    cluster.onFrame = (_from, to, frame) => {
      if (to !== slow || readWire(openFrame(frame, crc32), raftCodec).type !== 'chunk') return true
      const slot = Math.floor(cluster.now / 800)
      const passes = slot !== last
      last = slot
      return passes
    }
    cluster.heal()
    new Client(cluster).load(702, 2_000, 5)
    expect(cluster.run(10_000, () => cluster.present(slow).applied > 701)).toBe(true)
    expect(cluster.logs).toContain(`${slow} info installed a snapshot`)
    expect(cluster.agree()).toBe(true)
  })

  it('that the disk cannot read when it has just been fetched is fetched again', () => {
    const cluster = new TallyCluster({ seed: 3 })
    cluster.startAll()
    const [slow = 'b'] = cluster.followers()
    const { disk } = cluster.node(slow)
    const read = disk.read.bind(disk)
    let failures = 0
    disk.read = (name, offset, length, done) =>
      name === 'snapshot-incoming' && failures++ === 0
        ? cluster.schedule.after(1, () => done(new DiskError('unreadable', 'it is bad')))
        : read(name, offset, length, done)
    cluster.isolate(slow)
    cluster.puts(1, 200)
    cluster.heal()
    expect(cluster.agree()).toBe(true)
    expect(cluster.logs).toContain(`${slow} warn a fetched snapshot is damaged: it will be fetched again`)
    expect(cluster.present(slow).phase).toBe('running')
  })

  it('that its leader cannot read reaches a follower as soon as the leader has another one', () => {
    const cluster = new TallyCluster({ seed: 3 })
    cluster.startAll()
    const [slow = 'b'] = cluster.followers()
    const leader = cluster.leader() ?? 'a'
    cluster.isolate(slow)
    cluster.puts(1, 200)
    cluster.run(100)
    const bad = Math.max(...snapshotsOf(cluster, leader))
    const name = [...cluster.node(leader).disk.files.keys()].find((file) => file.startsWith(`snapshot-${bad}-`))
    cluster.node(leader).disk.spoil(name ?? '', 0)
    cluster.heal()
    cluster.run(1_000)
    expect(cluster.logs).toContain(`${leader} warn a snapshot cannot be read`)
    expect(cluster.present(slow).applied).toBeLessThan(bad)
    cluster.puts(201, 300)
    expect(cluster.agree()).toBe(true)
  })

  it('just adopted from the leader is not deleted when an older one of this member becomes durable', () => {
    const cluster = new TallyCluster({ seed: 3 })
    cluster.startAll()
    const [slow = 'b'] = cluster.followers()
    const own = new Gate()
    const journal = new Gate()
    const { disk } = cluster.node(slow)
    const rename = disk.rename.bind(disk)
    const sync = disk.sync.bind(disk)
    disk.rename = (from, to, done) => own.pass(from === 'snapshot-aside', () => rename(from, to, done))
    disk.sync = (name, done) => journal.pass(name.startsWith('journal-'), () => sync(name, done))
    // Its own snapshot gets its name only when the leader's is on its way, and its record waits until both are here.
    own.closed = true
    cluster.puts(1, 50)
    cluster.isolate(slow)
    cluster.puts(51, 200)
    cluster.heal()
    expect(cluster.run(1_000, () => disk.files.has('snapshot-incoming'))).toBe(true)
    journal.closed = true
    own.open()
    expect(cluster.run(1_000, () => snapshotsOf(cluster, slow).length === 2)).toBe(true)
    const newest = Math.max(...snapshotsOf(cluster, slow))
    // The names are synced, and the leader's is adopted.
    cluster.run(5)
    journal.open()
    cluster.run(100)
    expect(snapshotsOf(cluster, slow)).toEqual([newest])
    restart(cluster, slow)
    expect(complaints(cluster, slow)).toEqual([])
    expect(cluster.agree()).toBe(true)
  })

  it('that was cancelled while it got its name leaves the next one alone', () => {
    const bench = new SnapshotBench()
    bench.take(100)
    // All of it is written, and its sync under way, when a snapshot of the leader's replaces the state.
    bench.run(10)
    bench.snapshots.cancel()
    bench.take(300)
    bench.run(1_000)
    expect(bench.taken).toEqual([300])
    expect(bench.load(300)).toMatchObject({ index: 300 })
  })
})

describe('a leader', () => {
  it('whose next segment never gets ready hands leadership over', () => {
    const cluster = new TallyCluster({ seed: 5 })
    cluster.startAll()
    const old = cluster.leader() ?? 'a'
    const { disk } = cluster.node(old)
    const rename = disk.rename.bind(disk)
    // Neither a new file nor a used one becomes a segment.
    disk.allocate = () => undefined
    disk.rename = (from, to, done) => (to.startsWith('journal-') ? undefined : rename(from, to, done))
    const client = new Client(cluster)
    client.load(1, 1_000, 5)
    const others = nodes.filter((id) => id !== old)
    const leads = (id: NodeId): boolean => cluster.present(id).standing.leading
    expect(cluster.run(5_000, () => others.some((id) => leads(id)))).toBe(true)
    cluster.run(1_000)
    expect(leads(old)).toBe(false)
  })
})
