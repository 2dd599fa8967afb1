import type { Index, NodeId } from './contract.ts'

/** More than half. */
export function majority(members: number): number {
  return Math.floor(members / 2) + 1
}

export type VoteResult = 'won' | 'lost' | 'pending'

/** The outcome of an election among `voters`; who has not answered is not in `votes`. No voters: won, by convention (etcd's). */
export function tally(voters: readonly NodeId[], votes: Readonly<Record<NodeId, boolean>>): VoteResult {
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

/** The highest index that a majority of `voters` has acknowledged; an unknown one counts as 0. No voters: infinity, by convention (etcd's). */
export function committedIndex(voters: readonly NodeId[], acknowledged: (voter: NodeId) => Index | undefined): Index {
  if (voters.length === 0) return Infinity
  const indexes = voters.map((voter) => acknowledged(voter) ?? 0).toSorted((a, b) => b - a)
  return indexes[majority(voters.length) - 1] ?? 0
}
