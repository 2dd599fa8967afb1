import type { NodeId } from '../../core/index.ts'
import type { Message } from '../../protocols/raft/index.ts'

/** Words of an event. */
type Words = readonly string[]

/** What has happened where a search begins: what shows only far away is looked for from near. */
interface Beginning {
  readonly what: string
  readonly events: readonly Words[]
}

function fires(node: NodeId, timer: 'election' | 'heartbeat' = 'election'): Words {
  return [`${node}: the timer ${timer} fires`]
}

function gets(node: NodeId, type: Message['type'], from: NodeId, ...more: Words): Words {
  return [`${node} receives `, `"type":"${type}"`, `from ${from}`, ...more]
}

function asked(node: NodeId, what: string): Words {
  return [`${node} is asked to ${what}`]
}

function synced(node: NodeId): Words {
  return [`${node}: what was written is durable`]
}

/** Everybody is in an earlier term, and voters have less in their logs. */
function elected(leader: NodeId, term: number, ...voters: readonly NodeId[]): Words[] {
  const inTerm = `"term":${term},`
  return [
    fires(leader),
    gets(leader, 'vote', leader, inTerm),
    ...voters.map((voter) => gets(voter, 'requestVote', leader, inTerm)),
    ...voters.map((voter) => gets(leader, 'vote', voter, inTerm)),
  ]
}

/** The first entry of a term comes to a quorum: its leader and a follower whose log is as the leader's was. */
function decided(leader: NodeId, follower: NodeId): Words[] {
  return [gets(leader, 'appended', leader), gets(follower, 'appendEntries', leader), gets(leader, 'appended', follower)]
}

const oneEntryDecided = [...elected('a', 1, 'b'), ...decided('a', 'b')]

/** c was not elected in term 1, and is in term 2. */
const cInTerm2 = [fires('c'), ...elected('c', 2, 'b')]

/** By number, from 1 on. */
export const beginnings: readonly Beginning[] = [
  { what: 'a leads term 1, and has decided its first entry with b', events: oneEntryDecided },
  {
    what: 'a leads term 1, and has told nobody of its entries; c, in term 2, has decided its first one with b',
    events: [...elected('a', 1, 'b'), asked('a', 'propose 1'), ...cInTerm2, ...decided('c', 'b')],
  },
  {
    what: 'c led term 2, and has told nobody of its entry; a, which led term 1 and has an entry of it, leads term 3 by the vote of b, which lacks it',
    events: [
      ...elected('a', 1, 'b'),
      ...cInTerm2,
      gets('a', 'requestVote', 'c', '"term":2,'),
      ...elected('a', 3, 'b'),
      gets('b', 'appendEntries', 'a', '"term":3,'),
      gets('a', 'appended', 'b'),
    ],
  },
  {
    what: 'a leads term 1, and has decided its first entry with b; b leads term 2 by the vote of c',
    events: [...oneEntryDecided, ...elected('b', 2, 'c')],
  },
  {
    what: 'c has decided its first entry with b, each with a disk that was late; a has voted for it',
    events: [
      fires('c'),
      synced('c'),
      gets('c', 'vote', 'c'),
      gets('a', 'requestVote', 'c'),
      synced('a'),
      gets('c', 'vote', 'a'),
      synced('c'),
      gets('c', 'appended', 'c'),
      gets('b', 'appendEntries', 'c'),
      synced('b'),
      gets('c', 'appended', 'b'),
    ],
  },
  {
    what: 'of five, a led term 1 and has two entries of it, as b has; c, in term 2, has overwritten those of a; a leads term 3, and the answer of b is still under way',
    events: [
      ...elected('a', 1, 'b', 'c'),
      asked('a', 'propose 1'),
      gets('b', 'appendEntries', 'a'),
      gets('a', 'appended', 'b'),
      gets('b', 'appendEntries', 'a'),
      ...elected('c', 2, 'd', 'e'),
      gets('a', 'appendEntries', 'c'),
      ...elected('a', 3, 'd', 'e'),
    ],
  },
  {
    what: 'c leads term 1, has decided its first entry with b, and has taken a command and a change of the membership that nobody knows; b, in term 2, has decided its entry with a, and taken a snapshot',
    events: [
      ...elected('c', 1, 'b'),
      ...decided('c', 'b'),
      asked('c', 'propose 1'),
      asked('c', 'remove a'),
      gets('a', 'appendEntries', 'c', '"prevLogIndex":0,'),
      ...elected('b', 2, 'a'),
      ...decided('b', 'a'),
      asked('b', 'take snapshot 1'),
    ],
  },
  {
    what: 'a leads term 1, has decided its first entry with b and taken a snapshot; it offers that to c, which gets the entry before it',
    events: [
      ...oneEntryDecided,
      asked('a', 'take snapshot 1'),
      fires('a', 'heartbeat'),
      fires('a', 'heartbeat'),
      gets('c', 'appendEntries', 'a', '"round":3,'),
      gets('a', 'appended', 'c'),
      gets('c', 'appendEntries', 'a', '"round":1,'),
      gets('a', 'appended', 'c'),
    ],
  },
]
