import type { Model, ModelRenaming, ModelState } from '../model.ts'
import { permutations } from '../symmetry.ts'
import { majorities, upTo } from './quorums.ts'

interface Vote {
  readonly ballot: number
  readonly value: number
}

interface Acceptor {
  readonly maxBal: number
  /** Sorted by ballot: there is at most one in each. */
  readonly votes: readonly Vote[]
}

type State = ModelState<Acceptor, null, never>

export interface VotingBounds {
  readonly acceptors: number
  readonly values: number
  /** Ballots are 0 to this. */
  readonly maxBallot: number
  /** Acceptors and values are renamed. */
  readonly symmetric?: boolean
}

/** Lamport's Voting, what Paxos implements: acceptors that see each other's votes, and vote only for what is safe. */
export function lamportVoting({ acceptors, values, maxBallot, symmetric }: VotingBounds): Model<Acceptor, null, never> {
  const quorums = majorities(acceptors)
  return {
    initial: [
      { processes: Array.from({ length: acceptors }, () => ({ maxBal: -1, votes: [] })), shared: null, messages: [] },
    ],
    actions(state, take) {
      for (const [i, acceptor] of state.processes.entries()) {
        for (const ballot of upTo(maxBallot)) {
          if (ballot > acceptor.maxBal)
            take(`${i} enters ballot ${ballot}`, { process: [i, { ...acceptor, maxBal: ballot }] })
          if (acceptor.maxBal > ballot || valueAt(acceptor, ballot) !== undefined) continue
          for (const value of upTo(values - 1)) {
            const isContested = state.processes.some((other) => (valueAt(other, ballot) ?? value) !== value)
            if (isContested || !quorums.some((quorum) => showsSafe(state, quorum, ballot, value))) continue
            const votes = [...acceptor.votes, { ballot, value }].toSorted((a, b) => a.ballot - b.ballot)
            take(`${i} votes for ${value} in ${ballot}`, { process: [i, { maxBal: ballot, votes }] })
          }
        }
      }
    },
    properties: [
      {
        kind: 'always',
        name: 'agreement',
        broken: (state) => {
          const chosen = upTo(values - 1).filter((value) =>
            upTo(maxBallot).some((ballot) => isChosen(state, quorums, ballot, value)),
          )
          return chosen.length > 1 ? `${chosen.join(' and ')} are both chosen` : undefined
        },
      },
    ],
    ...(symmetric === true && { symmetry: renamings(acceptors, values) }),
  }
}

function valueAt({ votes }: Acceptor, ballot: number): number | undefined {
  return votes.find((vote) => vote.ballot === ballot)?.value
}

function isChosen({ processes }: State, quorums: readonly number[][], ballot: number, value: number): boolean {
  return quorums.some((quorum) =>
    processes.every((acceptor, i) => !quorum.includes(i) || valueAt(acceptor, ballot) === value),
  )
}

/**
 * All of the quorum have entered the ballot, and there is a lower one (-1: none) in which one of them voted for the value,
 * if it is one, and after which none of them voted at all.
 */
function showsSafe({ processes }: State, quorum: readonly number[], ballot: number, value: number): boolean {
  const members = processes.filter((_, i) => quorum.includes(i))
  if (members.some(({ maxBal }) => maxBal < ballot)) return false
  const last = Math.max(
    -1,
    ...members.flatMap(({ votes }) => votes.map((vote) => vote.ballot).filter((b) => b < ballot)),
  )
  return last === -1 || members.some((acceptor) => valueAt(acceptor, last) === value)
}

function renamings(acceptors: number, values: number): ModelRenaming<Acceptor, null, never>[] {
  const all = permutations(acceptors).flatMap((order) =>
    permutations(values).map((dye): ModelRenaming<Acceptor, null, never> => ({
      number: (acceptor) => order[acceptor] ?? acceptor,
      process: ({ maxBal, votes }) => ({
        maxBal,
        votes: votes.map(({ ballot, value }) => ({ ballot, value: dye[value] ?? value })),
      }),
      shared: (shared) => shared,
      message: (message) => message,
    })),
  )
  // The first of each is the identity.
  return all.slice(1)
}
