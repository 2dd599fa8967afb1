import type { Model, ModelState } from '../model.ts'
import { majorities, upTo } from './quorums.ts'

/** The ballot in which it voted last and the value that it voted for, if any: -1 and none. */
interface Vote {
  readonly ballot: number
  readonly value: number | undefined
}

interface Acceptor {
  readonly maxBal: number
  readonly vote: Vote
}

type Message =
  | { readonly type: '1a'; readonly ballot: number }
  | { readonly type: '1b'; readonly ballot: number; readonly acceptor: number; readonly vote: Vote }
  | { readonly type: '2a'; readonly ballot: number; readonly value: number }
  | { readonly type: '2b'; readonly ballot: number; readonly acceptor: number; readonly value: number }

type State = ModelState<Acceptor, null, Message>

export interface LamportPaxosBounds {
  readonly acceptors: number
  readonly values: number
  /** Ballots are 0 to this. */
  readonly maxBallot: number
}

/**
 * Lamport's specification of Paxos ("Paxos" in the examples of TLA+): leaders are not modelled, anybody may send a 1a, and
 * a 2a once in each ballot. Messages are sent once and stay; one may be received never, or again and again.
 */
export function lamportPaxos({ acceptors, values, maxBallot }: LamportPaxosBounds): Model<Acceptor, null, Message> {
  const ballots = upTo(maxBallot)
  const quorums = majorities(acceptors)
  const none: Acceptor = { maxBal: -1, vote: { ballot: -1, value: undefined } }
  return {
    initial: [{ processes: Array.from({ length: acceptors }, () => none), shared: null, messages: [] }],
    actions(state, take) {
      for (const ballot of ballots) {
        take(`1a in ${ballot}`, { sends: [{ type: '1a', ballot }] })
        const isAsked = state.messages.some((message) => message.type === '2a' && message.ballot === ballot)
        if (isAsked) continue
        for (const value of upTo(values - 1))
          for (let times = waysToPropose(state, ballot, value, quorums); times > 0; times--)
            take(`2a in ${ballot}, value ${value}`, { sends: [{ type: '2a', ballot, value }] })
      }
      for (const message of state.messages) answer(state, message, take)
    },
    properties: [
      { kind: 'always', name: 'agreement', broken: disagreement(acceptors) },
      { kind: 'sometimes', name: 'a value is chosen', seen: (state) => chosen(state, acceptors).length > 0 },
    ],
  }
}

function answer(state: State, message: Message, take: Parameters<Model<Acceptor, null, Message>['actions']>[1]): void {
  for (const [i, { maxBal, vote }] of state.processes.entries()) {
    const { ballot } = message
    if (message.type === '1a' && ballot > maxBal)
      take(`${i} sends 1b in ${ballot}`, {
        process: [i, { maxBal: ballot, vote }],
        sends: [{ type: '1b', ballot, acceptor: i, vote }],
      })
    if (message.type === '2a' && ballot >= maxBal)
      take(`${i} sends 2b in ${ballot}`, {
        process: [i, { maxBal: ballot, vote: { ballot, value: message.value } }],
        sends: [{ type: '2b', ballot, acceptor: i, value: message.value }],
      })
  }
}

/**
 * In how many ways the condition of phase 2a holds for a value: by how many quorums, each as often as it has a highest
 * vote that is for the value. TLC counts a successor for each.
 */
function waysToPropose({ messages }: State, ballot: number, value: number, quorums: readonly number[][]): number {
  const promises = messages.filter((message) => message.type === '1b' && message.ballot === ballot)
  let ways = 0
  for (const quorum of quorums) {
    const heard = promises.filter((message) => message.type === '1b' && quorum.includes(message.acceptor))
    if (heard.length < quorum.length) continue
    const votes = heard.flatMap((message) => (message.type === '1b' && message.vote.ballot >= 0 ? [message.vote] : []))
    const highest = Math.max(...votes.map((vote) => vote.ballot))
    if (votes.length === 0) ways++
    else ways += votes.filter((vote) => vote.ballot === highest && vote.value === value).length
  }
  return ways
}

/** The values for which a majority has voted in one ballot. */
function chosen({ messages }: State, acceptors: number): number[] {
  const values = new Set<number>()
  for (const vote of messages) {
    if (vote.type !== '2b') continue
    const same = messages.filter(
      (other) => other.type === '2b' && other.ballot === vote.ballot && other.value === vote.value,
    )
    if (2 * same.length > acceptors) values.add(vote.value)
  }
  return [...values]
}

function disagreement(acceptors: number): (state: State) => string | undefined {
  return (state) => {
    const values = chosen(state, acceptors)
    return values.length > 1 ? `${values.join(' and ')} are both chosen` : undefined
  }
}
