import type { Index, Membership, NodeId } from './contract.ts'

/** More than half. */
export function majority(members: number): number {
  return Math.floor(members / 2) + 1
}

export type VoteResult = 'won' | 'lost' | 'pending'

/** Whose majorities are needed: that of `voters`, and while `outgoing` is not empty its own as well (C_old,new of Ongaro §4.3). */
export type Electorate = Pick<Membership, 'voters' | 'outgoing'>

/** The outcome of an election; who has not answered is not in `votes`. Both majorities are needed to win, one that is lost loses it. */
export function tally({ voters, outgoing }: Electorate, votes: Readonly<Record<NodeId, boolean>>): VoteResult {
  const incoming = tallyOf(voters, votes)
  const old = tallyOf(outgoing, votes)
  if (incoming === 'lost' || old === 'lost') return 'lost'
  return incoming === 'won' ? old : incoming
}

/** The highest index that both majorities have acknowledged; an unknown one counts as 0. */
export function committedIndex(
  { voters, outgoing }: Electorate,
  acknowledged: (voter: NodeId) => Index | undefined,
): Index {
  const incoming = committedBy(voters, acknowledged)
  return outgoing.length === 0 ? incoming : Math.min(incoming, committedBy(outgoing, acknowledged))
}

/** No voters: won, by convention (etcd's), so that an empty half does not count. */
function tallyOf(voters: readonly NodeId[], votes: Readonly<Record<NodeId, boolean>>): VoteResult {
  if (voters.length === 0) return 'won'
  let granted = 0
  let refused = 0
  for (const voter of voters) {
    const vote = votes[voter]
    if (vote === true) granted++
    else if (vote === false) refused++
  }
  const quorum = majority(voters.length)
  if (granted >= quorum) return 'won'
  return voters.length - refused < quorum ? 'lost' : 'pending'
}

/** No voters: infinity, by the same convention. */
function committedBy(voters: readonly NodeId[], acknowledged: (voter: NodeId) => Index | undefined): Index {
  if (voters.length === 0) return Infinity
  const quorum = majority(voters.length)
  let committed = 0
  // Asked at every acknowledgement, of a handful of voters: counting is cheaper than a sorted copy.
  for (const voter of voters) {
    const index = acknowledged(voter) ?? 0
    if (index > committed && countOf(voters, acknowledged, index) >= quorum) committed = index
  }
  return committed
}

/** How many have acknowledged that index. */
function countOf(voters: readonly NodeId[], acknowledged: (voter: NodeId) => Index | undefined, index: Index): number {
  let count = 0
  for (const voter of voters) if ((acknowledged(voter) ?? 0) >= index) count++
  return count
}
