import { beforeEach, describe, expect, it } from 'vitest'
import type { NodeId } from '../core/index.ts'
import { readContact } from '../member/index.ts'
import { TallyCluster as Cluster } from './tally-cluster.ts'

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('a member that is added', () => {
  let cluster: Cluster
  beforeEach(() => {
    cluster = new Cluster()
    cluster.startAll()
    cluster.puts(1, 5)
  })

  const voters = (id: NodeId): readonly NodeId[] => cluster.present(id).standing.committedMembership.voters

  it('as a voter is a learner until it has caught up, and then a voter everywhere', () => {
    const [follower = 'b'] = cluster.followers()
    const answer = cluster.change(follower, { type: 'addVoter', id: 'd', contact: '{"v":1}' })
    expect(answer).toMatchObject({ membership: { voters: ['a', 'b', 'c'], learners: ['d'], joining: ['d'] } })
    cluster.add('d')
    cluster.start('d')
    expect(cluster.run(10_000, () => voters(follower).includes('d'))).toBe(true)
    expect(cluster.run(1_000, () => voters('d').includes('d'))).toBe(true)
    expect(cluster.put('d', 6)).toBe(6)
    expect(cluster.read('d')).toEqual(numbers(1, 6))
    const { contacts } = cluster.present('a').standing.committedMembership
    for (const id of ['a', 'b', 'c', 'd']) expect(readContact(contacts[id]).disk).toBe(cluster.present(id).diskId)
  })
})
