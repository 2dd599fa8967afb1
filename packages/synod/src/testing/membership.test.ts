import { beforeEach, describe, expect, it } from 'vitest'
import { crc32, membersOf, openFrame, type Failure, type MembershipChange, type NodeId } from '../core/index.ts'
import { readContact, readWire, type Changed } from '../member/index.ts'
import { raftCodec } from '../protocols/raft/index.ts'
import type { VirtualDisk } from '../simulator/index.ts'
import { TallyCluster as Cluster } from './tally-cluster.ts'

/** Of a frame, what kind of message it is. */
function kindOf(frame: Uint8Array): string {
  return readWire(openFrame(frame, crc32), raftCodec).type
}

function addVoter(id: NodeId): MembershipChange {
  return { type: 'addVoter', id, contact: '{"v":1}' }
}

function addLearner(id: NodeId): MembershipChange {
  return { type: 'addLearner', id, contact: '{"v":1}' }
}

/** Somebody leads, and everybody who runs and takes part has applied what is decided there. */
function settled(cluster: Cluster): boolean {
  const leader = cluster.leader()
  if (leader === undefined) return false
  const { committedMembership, decided } = cluster.present(leader).standing
  return membersOf(committedMembership).every((id) => (cluster.nodes.get(id)?.member?.applied ?? decided) === decided)
}

function votersAt(cluster: Cluster, id: NodeId): readonly NodeId[] {
  return cluster.member(id)?.standing.committedMembership.voters ?? []
}

/** Adds a machine, and has it become a voter. */
function join(cluster: Cluster, id: NodeId): void {
  const leader = cluster.leader() ?? 'a'
  expect(cluster.change(leader, addVoter(id))).toHaveProperty('index')
  cluster.add(id)
  cluster.start(id)
  expect(cluster.run(10_000, () => votersAt(cluster, cluster.leader() ?? 'a').includes(id) && settled(cluster))).toBe(
    true,
  )
}

const segment = 'journal-0000000001'

function segmentOf(disk: VirtualDisk): Buffer {
  return Buffer.from(disk.files.get(segment)?.bytes ?? [])
}

/** Where the records of the first segment begin (docs/formats.md). */
function recordsOf(disk: VirtualDisk): number[] {
  return [...segmentOf(disk).toString('latin1').matchAll(/SYNR/g)].map(({ index }) => index)
}

/** Of all records only the header of the last can be read: it says that those before it were synced. */
function leaveOnlyThatItWasSynced(disk: VirtualDisk): void {
  const [first = 0, last = 0] = [recordsOf(disk).at(0), recordsOf(disk).at(-1)]
  const control = segmentOf(disk).readUInt32LE(last + 8)
  disk.corrupt(segment, first, last - first)
  disk.corrupt(segment, last + 40 + control, 1)
}

let cluster: Cluster
beforeEach(() => {
  cluster = new Cluster()
  cluster.startAll()
  cluster.puts(1, 5)
})

describe('a member that is added', () => {
  it('as a voter is a learner until it has caught up, and then a voter everywhere', () => {
    const [follower = 'b'] = cluster.followers()
    const answer = cluster.change(follower, addVoter('d'))
    expect(answer).toMatchObject({ membership: { voters: ['a', 'b', 'c'], learners: ['d'], joining: ['d'] } })
    cluster.add('d')
    cluster.start('d')
    expect(cluster.run(10_000, () => votersAt(cluster, follower).includes('d'))).toBe(true)
    expect(cluster.run(1_000, () => votersAt(cluster, 'd').includes('d'))).toBe(true)
    expect(cluster.put('d', 6)).toBe(6)
    expect(cluster.read('d')).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('gets by a snapshot what the others have forgotten', () => {
    cluster.puts(6, 400)
    join(cluster, 'd')
    expect(cluster.logs).toContain('d info installed a snapshot')
    expect(cluster.read('d')).toHaveLength(400)
  })

  it('as a learner stays one until it is promoted, and is not before it has caught up', () => {
    const [follower = 'b'] = cluster.followers()
    expect(cluster.change(follower, addLearner('d'))).toHaveProperty('index')
    const refused = { name: 'Rejected', detail: { code: 'not-caught-up' } }
    expect(cluster.change(follower, { type: 'promote', id: 'd' })).toMatchObject(refused)
    cluster.add('d')
    cluster.start('d')
    cluster.run(5_000)
    expect(votersAt(cluster, follower)).toEqual(['a', 'b', 'c'])
    expect(cluster.change(follower, { type: 'promote', id: 'd' })).toMatchObject({
      membership: { voters: ['a', 'b', 'c', 'd'] },
    })
  })

  it('says again by which disk it takes part, when a leader has lost what only the newcomer has', () => {
    const leader = cluster.leader() ?? 'a'
    const others = cluster.followers()
    const [other = 'b'] = others
    expect(cluster.change(other, addVoter('d'))).toHaveProperty('index')
    cluster.add('d')
    // What names its disk reaches the newcomer alone.
    cluster.onFrame = (from, to, frame) => {
      if (to === leader && from === 'd' && kindOf(frame) === 'change')
        for (const id of others) cluster.cut.add(`${leader}>${id}`)
      return true
    }
    cluster.start('d')
    const isNamed = (): boolean => {
      const { membership, committedMembership } = cluster.present('d').standing
      return [membership, committedMembership].map(({ contacts }) => readContact(contacts['d']).disk).join() !== ','
    }
    expect(cluster.run(5_000, isNamed)).toBe(true)
    cluster.kill(leader)
    expect(readContact(cluster.present('d').standing.committedMembership.contacts['d']).disk).toBeUndefined()
    // Nor does it get the first entry of the next leader, which would take its place.
    for (const id of others) cluster.cut.add(`${id}>d`)
    expect(cluster.run(10_000, () => cluster.leader() !== undefined)).toBe(true)
    cluster.run(500)
    cluster.heal()
    expect(cluster.run(10_000, () => votersAt(cluster, 'd').includes('d'))).toBe(true)
    expect(cluster.present('d').standing.leader).not.toBe(leader)
  })

  it('is one of few learners that wait, and has an address of its own', () => {
    const at = (id: NodeId, url: string): MembershipChange => ({
      type: 'addLearner',
      id,
      contact: JSON.stringify({ v: 1, peerUrls: [url] }),
    })
    expect(cluster.change('a', at('d', 'http://d:1'))).toHaveProperty('index')
    const outcome = (change: MembershipChange): unknown => cluster.change('b', change)
    expect(outcome(at('e', 'http://d:1'))).toMatchObject({ name: 'Rejected', detail: { code: 'exists' } })
    expect(outcome(at('e', 'http://e:1'))).toMatchObject({ name: 'Rejected', detail: { code: 'too-many-learners' } })
    expect(outcome(at('e', 'nowhere'))).toMatchObject({ name: 'Rejected', detail: { code: 'malformed' } })
    const moved = { type: 'update', id: 'a', contact: '{"v":1,"peerUrls":["http://d:1"]}' } as const
    expect(outcome(moved)).toMatchObject({ name: 'Rejected', detail: { code: 'exists' } })
  })
})

describe('a member that had joined, and does not know whom it had joined', () => {
  it.each([
    ['the first entries', 2, 3],
    ['all but the mark behind the last', 0, -1],
  ])('since of its records it has lost %s, is made whole by the leader, and leads', (_, first, end) => {
    join(cluster, 'd')
    cluster.run(100)
    cluster.kill('d')
    const { disk } = cluster.node('d')
    const records = recordsOf(disk)
    const at = (record: number): number => records.at(record) ?? 0
    disk.corrupt(segment, at(first), at(end) - at(first))
    for (const id of ['a', 'b', 'c']) cluster.cut.add(`${id}>d`)
    cluster.start('d')
    cluster.run(500)
    expect(cluster.node('d').halted).toBeUndefined()
    const { repairing, membership } = cluster.present('d').standing
    expect({ repairing, voters: membership.voters }).toEqual({ repairing: true, voters: [] })
    cluster.heal()
    expect(cluster.run(10_000, () => !cluster.present('d').standing.repairing)).toBe(true)
    cluster.present(cluster.leader() ?? 'a').transfer('d')
    expect(cluster.run(5_000, () => cluster.present('d').standing.leading)).toBe(true)
    expect(cluster.put('d', 6)).toBe(6)
    expect(cluster.read('d')).toEqual([1, 2, 3, 4, 5, 6])
  })
})

describe('a change', () => {
  it('that is asked for again, because its answer was lost, is appended once and answered once', () => {
    const [follower = 'b'] = cluster.followers()
    let lost = 0
    let answers = 0
    let answer: unknown
    cluster.onFrame = (_from, to, frame) => to !== follower || kindOf(frame) !== 'changing' || ++lost > 3
    cluster.present(follower).change([addLearner('d')], (outcome) => {
      answers++
      answer = outcome
    })
    cluster.run(5_000)
    expect(lost).toBeGreaterThan(3)
    expect(answers).toBe(1)
    expect(answer).toMatchObject({ membership: { learners: ['d'] } })
  })

  it('waits for the one before it', () => {
    const outcomes: unknown[] = []
    for (const [i, id] of ['d', 'e', 'f'].entries()) {
      cluster.present(['a', 'b', 'c'][i] ?? 'a').change([addVoter(id)], (outcome) => outcomes.push(outcome))
    }
    expect(cluster.run(5_000, () => outcomes.length === 3)).toBe(true)
    for (const outcome of outcomes) expect(outcome).toHaveProperty('index')
    expect(cluster.present('a').standing.membership.joining).toEqual(['d', 'e', 'f'])
  })

  it('that is asked of a member which is not welcomed yet is refused in time', () => {
    const alone = new Cluster()
    alone.start('a')
    const outcome = alone.change('a', addLearner('d'))
    expect(alone.present('a').phase).toBe('joining')
    expect(outcome).toMatchObject({ name: 'Rejected', detail: { code: 'no-leader' } })
  })

  it('that would lose the quorum is refused with the numbers', () => {
    const [down = 'b', other = 'c'] = cluster.followers()
    cluster.kill(down)
    cluster.run(1_000)
    const leader = cluster.leader() ?? 'a'
    const refused = cluster.change(leader, { type: 'remove', id: other })
    expect(refused).toMatchObject({ name: 'Rejected', detail: { code: 'loses-quorum' } })
    expect(refused).toHaveProperty('message', expect.stringMatching(/2 are needed, and 1 were heard from/))
  })

  it('pitfall G2: of which nobody knows whether it was done is never said to be done, or not to be', () => {
    const outcomes = { Changed: 0, Rejected: 0, Unknown: 0 }
    for (let after = 0; after < 60; after++) {
      const world = new Cluster({ seed: 100 + after })
      world.startAll()
      const leader = world.leader() ?? 'a'
      const [follower = 'b'] = world.followers()
      let outcome: Changed | Failure | undefined
      // Every other time the leader's answer gets lost.
      world.onFrame = (_from, _to, frame) => after % 2 === 0 || kindOf(frame) !== 'changing'
      world.present(follower).change([addLearner('d')], (said) => (outcome = said))
      world.run(after * 0.1)
      if (after % 3 === 0) world.isolate(leader)
      else world.kill(leader)
      world.run(15_000, () => outcome !== undefined)
      world.heal()
      world.onFrame = undefined
      if (after % 3 !== 0) world.start(leader)
      world.run(10_000, () => settled(world))
      const done = membersOf(world.present(follower).standing.committedMembership).includes('d')
      if (outcome === undefined) throw new Error('it was never answered')
      if ('membership' in outcome) outcomes.Changed++
      else outcomes[outcome.name]++
      if ('membership' in outcome) expect(done, `after ${after}`).toBe(true)
      else if (outcome.name === 'Rejected') expect(done, `after ${after}`).toBe(false)
    }
    expect(outcomes.Changed).toBeGreaterThan(0)
    expect(outcomes.Unknown).toBeGreaterThan(0)
  })
})

describe('a member that is removed', () => {
  it('learns of it, stops, and says so again whenever it is started', () => {
    const [victim = 'b', other = 'c'] = cluster.followers()
    expect(cluster.change(other, { type: 'remove', id: victim })).toHaveProperty('index')
    expect(cluster.run(5_000, () => cluster.node(victim).halted !== undefined)).toBe(true)
    const halt = { code: 'removed', message: expect.stringContaining('its data directory may be deleted') }
    expect(cluster.node(victim).halted).toMatchObject(halt)
    // By its own log: nobody had to tell it.
    expect(cluster.node(victim).halted?.message).not.toContain('says member')
    expect(cluster.logs.filter((line) => line.includes('the cluster is not told'))).toEqual([])
    cluster.kill(victim)
    cluster.start(victim)
    cluster.run(1_000)
    expect(cluster.node(victim).halted).toMatchObject(halt)
    expect(typeof cluster.put(other, 6)).toBe('number')
  })

  it('as the leader hands over, and the others go on', () => {
    const leader = cluster.leader() ?? 'a'
    const others = cluster.followers()
    const [other = 'b'] = others
    const answer = cluster.change(leader, { type: 'remove', id: leader })
    expect(answer).toMatchObject({ membership: { voters: others.toSorted() } })
    expect(cluster.run(5_000, () => cluster.node(leader).halted !== undefined)).toBe(true)
    expect(cluster.node(leader).halted).toMatchObject({ code: 'removed' })
    expect(cluster.node(leader).halted?.message).not.toContain('says member')
    expect(typeof cluster.put(other, 6)).toBe('number')
  })

  it('while it is down is told so by any other one, and takes no part', () => {
    const [victim = 'b', other = 'c'] = cluster.followers()
    cluster.kill(victim)
    cluster.run(500)
    cluster.change(other, { type: 'remove', id: victim })
    cluster.run(5_000)
    const { term } = cluster.present(other).standing
    cluster.start(victim)
    expect(cluster.run(2_000, () => cluster.node(victim).halted !== undefined)).toBe(true)
    expect(cluster.node(victim).halted).toMatchObject({
      code: 'removed',
      message: expect.stringMatching(/was removed from the cluster, says member [abc]/),
    })
    expect(cluster.present(other).standing.term).toBe(term)
  })
})

describe('pitfall A9: of a member that was added', () => {
  it('the disk is named in the membership before it votes', () => {
    const named = (id: NodeId): string | undefined =>
      readContact(cluster.present('a').standing.committedMembership.contacts[id]).disk
    join(cluster, 'd')
    expect(named('d')).toBe(cluster.present('d').diskId)
    // Those of the first members are, too, as soon as they have said so.
    const all = ['a', 'b', 'c'].every((id) => named(id) === cluster.present(id).diskId)
    expect(
      all || cluster.run(2_000, () => ['a', 'b', 'c'].every((id) => named(id) === cluster.present(id).diskId)),
    ).toBe(true)
  })

  it('nothing is heard, and so it never votes, as long as no membership names its disk', () => {
    cluster.onFrame = (from, _to, frame) => from !== 'd' || kindOf(frame) !== 'change'
    cluster.change('a', addVoter('d'))
    cluster.add('d')
    cluster.start('d')
    cluster.run(5_000)
    expect(votersAt(cluster, 'a')).toEqual(['a', 'b', 'c'])
    cluster.onFrame = undefined
    expect(cluster.run(5_000, () => votersAt(cluster, 'a').includes('d'))).toBe(true)
  })

  it('a wiped disk is refused by all, by those who never met the first one too', () => {
    const [away = 'b'] = cluster.followers()
    cluster.kill(away)
    cluster.run(500)
    join(cluster, 'd')
    cluster.kill('d')
    cluster.node('d').disk.wipe()
    // It hears of the disk only by the log.
    cluster.start(away)
    expect(cluster.run(5_000, () => votersAt(cluster, away).includes('d'))).toBe(true)
    for (const id of cluster.nodes.keys()) if (id !== away) cluster.kill(id)
    cluster.start('d')
    expect(cluster.run(3_000, () => cluster.node('d').halted !== undefined)).toBe(true)
    expect(cluster.node('d').halted).toMatchObject({
      code: 'lost-disk',
      message: expect.stringContaining(`member ${away} knows it under another one`),
    })
  })

  it('a disk that was wiped before it voted is refused as well', () => {
    expect(cluster.change('a', addVoter('d'))).toHaveProperty('index')
    cluster.add('d')
    cluster.start('d')
    cluster.run(5)
    cluster.kill('d')
    cluster.node('d').disk.wipe()
    cluster.start('d')
    cluster.run(5_000)
    expect(cluster.node('d').halted).toMatchObject({ code: 'lost-disk' })
    expect(votersAt(cluster, 'a')).toEqual(['a', 'b', 'c'])
  })

  it('a second disk cannot be named in the place of the first', () => {
    join(cluster, 'd')
    const said = (id: NodeId): unknown =>
      cluster.change(id, { type: 'update', id: 'd', contact: '{"v":1,"disk":"another"}' })
    for (const id of ['a', 'd']) expect(said(id)).toMatchObject({ name: 'Rejected', detail: { code: 'lost-disk' } })
  })
})

describe('what cannot be helped by waiting is said', () => {
  it('of a newcomer that may have voted, and whose journal has lost that and all that it was told', () => {
    join(cluster, 'd')
    // Killed before a mark says that its last record was synced.
    cluster.puts(6, 9)
    expect(cluster.run(1_000, () => cluster.present('d').applied === cluster.present('a').applied)).toBe(true)
    cluster.kill('d')
    const { disk } = cluster.node('d')
    leaveOnlyThatItWasSynced(disk)
    cluster.start('d')
    cluster.run(100)
    expect(cluster.node('d').halted).toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/does not say who the other members are: remove this one and add it again/),
    })
  })

  it('of a member that says more of itself than may be said, once; and it goes on', () => {
    const [follower = 'b'] = cluster.followers()
    const clientUrls = Array.from({ length: 200 }, (_, i) => `http://client-${i}.example:2379`)
    for (const id of [follower, cluster.leader() ?? 'a']) cluster.present(id).publish({ name: 'long', clientUrls })
    cluster.run(5_000)
    const said = cluster.logs.filter((line) => line.includes('the cluster is not told'))
    expect(said).toHaveLength(2)
    expect(said[0]).toMatch(/at most 4096 characters, not \d+/)
    cluster.puts(6, 9, () => follower)
  })

  it('of a change that never came first: another one was under way', () => {
    cluster.onFrame = (from, to) => from === to
    const leader = cluster.leader() ?? 'a'
    const answers: unknown[] = []
    for (const id of ['d', 'e']) cluster.present(leader).change([addLearner(id)], (outcome) => answers.push(outcome))
    cluster.run(20_000, () => answers.length === 2)
    expect(answers[1]).toMatchObject({
      name: 'Rejected',
      message: expect.stringContaining('another change was under way'),
    })
  })
})

describe('pitfall E10: whom a member talks to', () => {
  it('follows the membership, and a member that lags answers those whom its own does not know yet', () => {
    join(cluster, 'd')
    // It misses that all others are exchanged.
    cluster.kill('d')
    cluster.puts(6, 20, () => 'a')
    for (const [old, fresh] of [
      ['a', 'e'],
      ['b', 'f'],
      ['c', 'g'],
    ] as const) {
      join3(fresh)
      expect(cluster.change(fresh, { type: 'remove', id: old })).toHaveProperty('index')
      cluster.run(5_000, () => cluster.node(old).halted !== undefined)
      expect(cluster.node(old).halted).toMatchObject({ code: 'removed' })
    }
    expect(typeof cluster.put('e', 1000)).toBe('number')
    cluster.start('d')
    expect(cluster.run(10_000, () => cluster.present('d').applied >= cluster.present('e').applied)).toBe(true)
    expect(votersAt(cluster, 'd')).toEqual(['d', 'e', 'f', 'g'])
    expect(cluster.read('d')).toContain(1000)
  })

  it('hears a leader that was a learner without a named disk when it last knew', () => {
    const [away = 'b'] = cluster.followers()
    cluster.change('a', addVoter('d'))
    cluster.run(100)
    cluster.kill(away)
    cluster.add('d')
    cluster.start('d')
    const leader = cluster.leader() ?? 'a'
    expect(cluster.run(10_000, () => votersAt(cluster, leader).includes('d'))).toBe(true)
    cluster.present(leader).transfer('d')
    expect(cluster.run(5_000, () => cluster.present('d').standing.leading)).toBe(true)
    cluster.start(away)
    expect(cluster.run(5_000, () => cluster.present(away).standing.leader === 'd' && settled(cluster))).toBe(true)
  })

  /** As `join`, while one of the members is down. */
  function join3(id: NodeId): void {
    const leader = cluster.leader() ?? 'a'
    expect(cluster.change(leader, addVoter(id))).toHaveProperty('index')
    cluster.add(id)
    cluster.start(id)
    expect(cluster.run(10_000, () => votersAt(cluster, id).includes(id))).toBe(true)
  }
})
