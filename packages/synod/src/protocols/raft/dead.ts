import type { NodeId } from '../../core/index.ts'
import type { Message } from './messages.ts'
import type { RaftState } from './state.ts'

/**
 * Whether a message can no longer matter to a member in this state, nor in any that it may come to: its handler would do
 * nothing, ever. The explorer leaves such messages out, and proves that they are none; most of what is in flight for
 * long is an answer to a question of an earlier term.
 */
export function isDead(message: Message, from: NodeId, state: RaftState): boolean {
  const { currentTerm, role } = state
  switch (message.type) {
    case 'vote':
      if (message.preVote) return message.granted && message.term <= currentTerm
      // Who campaigns again does so in a later term.
      if (message.term !== currentTerm) return message.term < currentTerm
      return role !== 'candidate' || from in state.votes
    case 'appended':
      // Nobody but the candidate of a term comes to lead it.
      if (message.term !== currentTerm) return message.term < currentTerm
      return role !== 'leader' && role !== 'candidate'
    case 'timeoutNow':
      return message.term < currentTerm
    // Whoever asks in an earlier term is told of a later one.
    case 'requestVote':
    case 'appendEntries':
    case 'installSnapshot':
    case 'askTerm':
    case 'tellTerm':
      return false
  }
}
