import type { NodeId } from '../../core/index.ts'
import { isLower, isSame, type Accepted, type Ballot, type Message } from './messages.ts'
import type { PaxosState, Votes } from './state.ts'

/**
 * Whether a message can no longer matter to a participant in this state, nor in any that it may come to: its handler would
 * do nothing, ever. The explorer leaves such messages out, and proves that they are none.
 */
export function isDead(message: Message, from: NodeId, state: PaxosState): boolean {
  switch (message.type) {
    case 'promise':
      return isOver(message.ballot, state) || state.attempt?.value !== undefined || isKnown(from, state)
    case 'refused':
      return isOver(message.ballot, state)
    case 'accepted':
      return state.chosen !== undefined || state.votes.some((votes) => isReplaced(message, from, votes))
    case 'chosen':
      return state.chosen !== undefined
    // Whoever asks is answered, always.
    case 'wish':
    case 'prepare':
    case 'accept':
      return false
  }
}

/** Who begins again does so with a higher round: an older ballot never comes back. */
function isOver(ballot: Ballot, { attempt, round }: PaxosState): boolean {
  if (attempt !== undefined && isSame(ballot, attempt.ballot)) return false
  return ballot.round <= round
}

/** It has said so before. */
function isKnown(from: NodeId, { attempt }: PaxosState): boolean {
  return attempt !== undefined && from in attempt.promises
}

/** The acceptor has accepted in a ballot that is not lower. */
function isReplaced({ ballot }: Accepted, acceptor: NodeId, votes: Votes): boolean {
  return votes.from.includes(acceptor) && !isLower(votes.ballot, ballot)
}
