import { beforeEach, describe, expect, it } from 'vitest'
import type { Failure } from '../core/index.ts'
import { TallyCluster as Cluster } from './tally-cluster.ts'
import { tallyOperation } from './tally-machine.ts'

const nodes = ['a', 'b', 'c']

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('a member', () => {
  let cluster: Cluster
  beforeEach(() => {
    cluster = new Cluster()
  })

  it('takes operations and reads at any member, and answers from what every acknowledged one left', () => {
    cluster.startAll()
    for (let value = 1; value <= 30; value++) expect(cluster.put(nodes[value % 3] ?? 'a', value)).toBe(value)
    for (const id of nodes) expect(cluster.read(id)).toEqual(numbers(1, 30))
  })

  it('answers what was under way when its leader died, exactly once, without waiting for a time-out', () => {
    cluster.startAll()
    const leader = cluster.leader() ?? 'a'
    const [follower = 'b'] = cluster.followers()
    const answers: (number | Failure)[] = []
    for (let value = 1; value <= 20; value++) {
      const context = {
        applied: (position: number) => void answers.push(position),
        failed: (error: Failure) => void answers.push(error),
        readable: () => undefined,
      }
      cluster.present(follower).submit(tallyOperation(value), context)
      cluster.run(0.3)
    }
    cluster.kill(leader)
    const before = cluster.now
    cluster.run(20_000, () => answers.length === 20)
    expect(cluster.now - before).toBeLessThan(3_000)
    expect(answers.every((answer) => typeof answer === 'number')).toBe(true)
    expect(cluster.machines.get(follower)?.operations.toSorted((x, y) => x - y)).toEqual(numbers(1, 20))
  })

  it('pitfall G2: says "certainly not applied" of what no leader took, and "unknown" of what one may have taken', () => {
    cluster.startAll()
    cluster.puts(1, 3)
    const [follower = 'b', other = 'c'] = cluster.followers()
    const leader = cluster.leader() ?? 'a'
    // The leader takes it, and cannot have it committed.
    cluster.isolate(leader)
    const unknown = cluster.put(leader, 50)
    expect(unknown).toMatchObject({ name: 'Unknown' })
    cluster.run(5_000)
    cluster.kill(other)
    cluster.run(5_000)
    const rejected = cluster.put(follower, 60)
    expect(rejected).toMatchObject({ name: 'Rejected', detail: { code: 'no-leader' } })
    cluster.heal()
    cluster.start(other)
    expect(cluster.agree()).toBe(true)
    expect(cluster.machines.get(other)?.operations).not.toContain(60)
  })

  it('refuses what exceeds its bounds, and that is certainly not applied', () => {
    cluster.startAll()
    const [follower = 'b'] = cluster.followers()
    cluster.isolate(follower)
    const failures: Failure[] = []
    const context = {
      applied: () => undefined,
      failed: (error: Failure) => void failures.push(error),
      readable: () => undefined,
    }
    for (let value = 1; value <= 5_010; value++) cluster.present(follower).submit(tallyOperation(value), context)
    cluster.run(10)
    expect(failures).toHaveLength(10)
    expect(failures[0]).toMatchObject({ name: 'Rejected', detail: { code: 'overloaded' } })
  })

  it('pitfalls D2, D3: a deposed leader never answers a read, and a read that waits is asked for anew', () => {
    cluster.startAll()
    cluster.puts(1, 5)
    const old = cluster.leader() ?? 'a'
    cluster.isolate(old)
    let answered: readonly number[] | undefined
    cluster
      .present(old)
      .read({ applied: () => undefined, failed: () => undefined, readable: (all) => (answered = [...all]) })
    cluster.run(3_000)
    const next = cluster.leader() ?? 'a'
    expect(cluster.followers().concat(next)).toContain(old)
    const elsewhere = nodes.find((id) => id !== old && cluster.present(id).standing.leading) ?? 'a'
    expect(elsewhere).not.toBe(old)
    expect(cluster.put(elsewhere, 6)).toBe(6)
    expect(answered).toBeUndefined()
    cluster.heal()
    cluster.run(5_000, () => answered !== undefined)
    expect(answered).toEqual(numbers(1, 6))
  })

  it('pitfall D4: a follower that has not applied the index that the leader confirmed waits until it has', () => {
    cluster.startAll()
    cluster.puts(1, 10)
    const [slow = 'b'] = cluster.followers()
    const leader = cluster.leader() ?? 'a'
    // Whatever the protocol says to it is lost; the answer to its question is not.
    const protocol = (frame: Uint8Array): boolean => frame[12] === 0
    cluster.onFrame = (from, to, frame) => !(from === leader && to === slow && protocol(frame))
    expect(cluster.put(leader, 11)).toBe(11)
    let answered: readonly number[] | undefined
    cluster
      .present(slow)
      .read({ applied: () => undefined, failed: () => undefined, readable: (all) => (answered = [...all]) })
    cluster.run(20)
    expect(answered).toBeUndefined()
    cluster.onFrame = undefined
    cluster.run(5_000, () => answered !== undefined)
    expect(answered).toEqual(numbers(1, 11))
  })

  it('brings a member that was away for long back by a snapshot, in chunks', () => {
    cluster.startAll()
    cluster.puts(1, 5)
    const [away = 'b', here = 'c'] = cluster.followers()
    cluster.kill(away)
    cluster.puts(6, 400, () => here)
    cluster.start(away)
    expect(cluster.agree()).toBe(true)
    expect(cluster.machines.get(away)?.operations).toEqual(numbers(1, 400))
    expect(cluster.logs).toContain(`${away} info installed a snapshot`)
  })

  it('pitfall F4: whoever waits for a command that a snapshot has passed over is told so, and not left waiting', () => {
    cluster.startAll()
    const [away = 'b', here = 'c'] = cluster.followers()
    let answer: unknown
    cluster.present(away).submit(tallyOperation(1000), {
      applied: (position) => (answer = position),
      failed: (error) => (answer = error),
      readable: () => undefined,
    })
    // It leaves for the leader, which has it decided; its origin hears nothing of that any more.
    cluster.run(0.2)
    for (const other of nodes) cluster.cut.add(`${other}>${away}`)
    cluster.puts(1, 300, () => here)
    expect(answer).toBeUndefined()
    cluster.heal()
    const healed = cluster.now
    cluster.run(20_000, () => answer !== undefined)
    expect(answer).toMatchObject({ name: 'Unknown' })
    expect(cluster.now - healed).toBeLessThan(3_000)
    expect(cluster.logs).toContain(`${away} info installed a snapshot`)
  })

  it('pitfall A13: a cluster of one acknowledges nothing before it is on the disk', () => {
    const alone = new Cluster({ nodes: ['a'] })
    alone.start('a')
    alone.run(5_000, () => alone.leader() === 'a')
    alone.node('a').disk.faults.syncTime = 500
    let answer: unknown
    const asked = alone.now
    alone.present('a').submit(tallyOperation(1), {
      applied: (position) => (answer = position),
      failed: (error) => (answer = error),
      readable: () => undefined,
    })
    alone.run(400)
    expect(answer).toBeUndefined()
    alone.run(5_000, () => answer !== undefined)
    expect(answer).toBe(1)
    expect(alone.now - asked).toBeGreaterThanOrEqual(500)
  })

  it('pitfall F1: a snapshot that is interrupted again and again goes on where it stopped', () => {
    cluster.startAll()
    const [away = 'b', here = 'c'] = cluster.followers()
    cluster.kill(away)
    cluster.puts(1, 1500, () => here)
    cluster.start(away)
    for (let i = 0; i < 200 && cluster.present(away).applied === 0; i++) {
      cluster.run(7)
      cluster.isolate(away)
      cluster.run(20)
      cluster.heal()
    }
    expect(cluster.agree()).toBe(true)
    const leader = cluster.leader() ?? 'a'
    expect(cluster.present(leader).standing.term).toBeLessThan(5)
  })

  it('pitfall A11: a snapshot half written at a crash is no obstacle to a restart', () => {
    cluster.startAll()
    let cuts = 0
    cluster.onDisk = (node, operation) => {
      if (operation !== 'write' || !node.disk.files.has('snapshot-aside') || cuts > 5) return
      cuts++
      cluster.powerCut(node.id)
      cluster.schedule.after(30, () => cluster.start(node.id))
    }
    for (let value = 1; value <= 400; value++) {
      const home = nodes.find((id) => cluster.member(id)?.phase === 'running') ?? 'a'
      if (cluster.member(home) !== undefined) cluster.put(home, value, 300)
      cluster.run(5)
    }
    expect(cuts).toBeGreaterThan(5)
    cluster.run(3_000)
    for (const id of nodes) expect(cluster.node(id).halted).toBeUndefined()
    expect(cluster.agree()).toBe(true)
  })

  it('hands leadership over when it is stopped, and answers what is under way first', () => {
    cluster.startAll()
    cluster.puts(1, 3)
    const leader = cluster.leader() ?? 'a'
    let answered: number | undefined
    let stopped = false
    cluster.present(leader).submit(tallyOperation(4), {
      applied: (position) => (answered = position),
      failed: () => undefined,
      readable: () => undefined,
    })
    cluster.present(leader).stop(() => (stopped = true))
    cluster.run(2_000, () => stopped)
    expect(stopped).toBe(true)
    expect(answered).toBe(4)
    expect(cluster.present(leader).standing.leading).toBe(false)
  })
})

describe('a disk', () => {
  it('that is full: writes are refused, reads and votes go on, and it recovers by itself', () => {
    const cluster = new Cluster({ disk: () => ({}) })
    cluster.startAll()
    cluster.puts(1, 20)
    let value = 20
    let refusal: number | Failure | undefined
    const used = (id: string): number =>
      [...cluster.node(id).disk.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
    for (const id of nodes) cluster.node(id).disk.faults.capacity = used(id)
    for (let i = 0; i < 2_000 && typeof refusal !== 'object'; i++) {
      refusal = cluster.put(cluster.leader() ?? 'a', ++value, 3_000)
    }
    expect(refusal).toMatchObject({ name: 'Rejected', detail: { code: 'no-space' } })
    const leader = cluster.leader() ?? 'a'
    expect(cluster.read(leader)).toBeInstanceOf(Array)
    cluster.kill(leader)
    expect(cluster.run(10_000, () => cluster.leader() !== undefined)).toBe(true)
    cluster.start(leader)
    for (const id of nodes) cluster.node(id).disk.faults.capacity = Infinity
    cluster.run(20_000)
    expect(typeof cluster.put(leader, ++value)).toBe('number')
    for (const id of nodes) expect(cluster.node(id).halted).toBeUndefined()
  })

  it('pitfall D7: whose sync hangs: its leader hands leadership over, though its heartbeats still go out', () => {
    const cluster = new Cluster()
    cluster.startAll()
    const leader = cluster.leader() ?? 'a'
    cluster.node(leader).disk.faults.syncTime = 5_000
    cluster
      .present(leader)
      .submit(tallyOperation(1), { applied: () => undefined, failed: () => undefined, readable: () => undefined })
    expect(cluster.run(2_000, () => cluster.leader() !== undefined && cluster.leader() !== leader)).toBe(true)
    expect(cluster.put(cluster.leader() ?? 'a', 2)).toBe(2)
    cluster.run(1_000)
    expect(cluster.leader()).not.toBe(leader)
  })

  it('pitfall A8: a corrupt record before the tail keeps a member from voting and serving until its peers have repaired it', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 25)
    const [victim = 'b', other = 'c'] = cluster.followers()
    cluster.run(100)
    cluster.kill(victim)
    const journal = cluster.node(victim).disk.files.get('journal-0000000001')?.bytes ?? new Uint8Array(0)
    const at = lastRecordBefore(journal, 0.7)
    cluster.node(victim).disk.corrupt('journal-0000000001', at + 60, 4)
    // Alone with it nobody is elected: it does not vote.
    const leader = cluster.leader() ?? 'a'
    cluster.kill(leader)
    cluster.start(victim)
    cluster.run(3_000)
    expect(cluster.logs.some((line) => line.startsWith(`${victim} error the disk has lost records`))).toBe(true)
    expect(cluster.present(victim).standing.repairing).toBe(true)
    expect(cluster.leader()).toBeUndefined()
    cluster.start(leader)
    expect(cluster.run(10_000, () => cluster.member(victim)?.standing.repairing === false)).toBe(true)
    expect(cluster.agree()).toBe(true)
    // Now it votes like every other one.
    cluster.kill(leader)
    expect(cluster.run(10_000, () => cluster.leader() !== undefined)).toBe(true)
    expect(typeof cluster.put(other, 31)).toBe('number')
    // The hole is still in its journal, and known to be mended.
    cluster.kill(victim)
    cluster.start(victim)
    cluster.run(2_000)
    expect(cluster.present(victim).standing.repairing).toBe(false)
  })

  it('whose snapshot is damaged: the member is repaired by its peers', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 200)
    const [victim = 'b'] = cluster.followers()
    cluster.run(200)
    cluster.kill(victim)
    const snapshot = [...cluster.node(victim).disk.files.keys()].find((name) => /^snapshot-\d/.test(name)) ?? ''
    cluster.node(victim).disk.corrupt(snapshot, 60, 8)
    cluster.start(victim)
    cluster.run(5)
    expect(cluster.run(20_000, () => cluster.member(victim)?.standing.repairing === false)).toBe(true)
    expect(cluster.agree()).toBe(true)
    expect(cluster.machines.get(victim)?.operations).toEqual(numbers(1, 200))
  })

  it('pitfall A5: whose sync fails: the member stops with a clear message, and acknowledges nothing', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 3)
    const leader = cluster.leader() ?? 'a'
    cluster.node(leader).disk.faults.failsSync = (name) => name.startsWith('journal')
    let answer: unknown
    cluster.present(leader).submit(tallyOperation(4), {
      applied: (position) => (answer = position),
      failed: (error) => (answer = error),
      readable: () => undefined,
    })
    expect(cluster.run(5_000, () => cluster.node(leader).halted !== undefined)).toBe(true)
    expect(cluster.node(leader).halted).toMatchObject({
      code: 'disk',
      message: expect.stringContaining('input/output error'),
    })
    cluster.run(100)
    expect(typeof answer).not.toBe('number')
    expect(cluster.run(5_000, () => cluster.leader() !== undefined)).toBe(true)
  })

  it('of another cluster is refused with both ids', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.kill('a')
    const stranger = new Cluster({ options: { cluster: '00000000000000ff' } })
    Object.assign(stranger.node('a'), { disk: cluster.node('a').disk })
    stranger.start('a')
    stranger.run(100)
    expect(stranger.node('a').halted).toMatchObject({ code: 'incompatible' })
    expect(stranger.node('a').halted?.message).toContain('00000000000000c1')
    expect(stranger.node('a').halted?.message).toContain('00000000000000ff')
  })
})

/** Offset of a record at about this part of what is used of a segment. */
function lastRecordBefore(journal: Uint8Array, part: number): number {
  const view = new DataView(journal.buffer, journal.byteOffset, journal.byteLength)
  const records: number[] = []
  for (let at = 0; at + 4 <= journal.length; at += 8) if (view.getUint32(at, true) === 0x524e5953) records.push(at)
  return records[Math.floor(records.length * part)] ?? 0
}
