import type { Index, NodeId } from '../../core/index.ts'
import { isLower, isSame } from './ballot.ts'
import type { Ballot, Message } from './messages.ts'
import type { MultiPaxosState } from './state.ts'

/**
 * Whether a message can no longer matter to a member in this state, nor in any that it may come to: its handler would do
 * nothing, ever. The explorer leaves such messages out, and proves that they are none. A part of its journal that a member
 * loses is nothing that it may come to here.
 */
export function isDead(message: Message, from: NodeId, state: MultiPaxosState): boolean {
  switch (message.type) {
    case 'support': {
      const { round, granted, promised, decided } = message
      const tells = promised.round > Math.max(state.seen, state.promised.round) || (!granted && decided > known(state))
      return !tells && round <= state.promised.round
    }
    case 'promise':
      return isOver(message.ballot, state) || state.promises[from]?.complete === true
    case 'accepted':
      return isOver(message.ballot, state)
    case 'refused':
      return !isLower(state.promised, message.promised)
    case 'handOver':
      return isLower(message.ballot, state.promised)
    case 'chosen':
      return message.first + message.values.length - 1 <= known(state)
    case 'installSnapshot':
      return message.snapshot.index <= known(state)
    // Whoever asks is answered: of a lower ballot with a refusal.
    case 'canvass':
    case 'prepare':
    case 'accept':
    case 'learn':
    case 'askPromise':
    case 'tellPromise':
      return false
  }
}

/** Who campaigns again does so in a higher ballot, and nobody but a candidate comes to lead one. */
function isOver(ballot: Ballot, { promised, role }: MultiPaxosState): boolean {
  if (!isSame(ballot, promised)) return isLower(ballot, promised)
  return role !== 'candidate' && role !== 'leader'
}

/** What is decided here, whatever crashes: a start begins with what the records say. */
function known({ decided, claimed }: MultiPaxosState): Index {
  return Math.max(decided, claimed)
}
