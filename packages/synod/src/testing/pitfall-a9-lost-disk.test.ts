import { describe, expect, it } from 'vitest'
import { TallyCluster as Cluster } from './tally-cluster.ts'

// Goal: a member whose disk is gone does not come back under its name (openraft#903, etcd#21271): with its votes and
// entries forgotten, a quorum that counts it could undo what was acknowledged.
// Method: disks are wiped while the others run, while they are down, and while some of them are.
const nodes = ['a', 'b', 'c']

describe('a member that lost its disk', () => {
  it('is refused by its peers and exits, when it comes back while they run', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 5)
    const [victim = 'b'] = cluster.followers()
    cluster.kill(victim)
    cluster.node(victim).disk.wipe()
    cluster.start(victim)
    cluster.run(1_000)
    expect(cluster.node(victim).halted).toMatchObject({ code: 'lost-disk' })
    expect(cluster.node(victim).halted?.message).toContain('remove it and add it again')
  })

  it('is refused after the others have restarted', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 5)
    for (const id of nodes) cluster.kill(id)
    cluster.node('c').disk.wipe()
    for (const id of nodes) cluster.start(id)
    cluster.run(1_000)
    expect(cluster.node('c').halted).toMatchObject({ code: 'lost-disk' })
    expect(typeof cluster.put('a', 6)).toBe('number')
  })

  it('votes for nobody while one of the others is down: a quorum with it could undo what was acknowledged', () => {
    const cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 5)
    for (const id of nodes) cluster.kill(id)
    // Both disks that might remember it are the only ones that could elect a leader with it.
    cluster.node('b').disk.wipe()
    cluster.node('c').disk.wipe()
    cluster.start('b')
    cluster.start('c')
    cluster.run(5_000)
    expect(cluster.leader()).toBeUndefined()
    cluster.start('a')
    cluster.run(2_000)
    expect(cluster.node('b').halted).toMatchObject({ code: 'lost-disk' })
    expect(cluster.node('c').halted).toMatchObject({ code: 'lost-disk' })
    expect(cluster.leader()).toBeUndefined()
  })

  it('a first start waits for all first members, and a later one for a majority only', () => {
    const cluster = new Cluster()
    cluster.start('a')
    cluster.start('b')
    cluster.run(5_000)
    expect(cluster.leader()).toBeUndefined()
    cluster.start('c')
    expect(cluster.run(5_000, () => cluster.leader() !== undefined)).toBe(true)
    for (const id of nodes) cluster.kill(id)
    cluster.start('a')
    cluster.start('b')
    expect(cluster.run(5_000, () => cluster.leader() !== undefined)).toBe(true)
  })
})
