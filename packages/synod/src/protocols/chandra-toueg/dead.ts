import type { NodeId } from '../../core/index.ts'
import type { Message } from './messages.ts'
import type { ChandraTouegState } from './state.ts'

/**
 * Messages that can no longer matter to a participant in this state, nor in any that follows: of a round that it has left, said
 * once; anything said once, after the decision; a broadcast that it has relayed. The explorer leaves them out, and proves that
 * it may.
 */
export function isDead(message: Message, _from: NodeId, state: ChandraTouegState): boolean {
  switch (message.type) {
    case 'detector':
      return false
    case 'decision':
      return state.decided !== undefined
    case 'broadcast':
      return state.broadcast.delivered.includes(`${message.message.origin}:${message.message.sequence}`)
    case 'estimate':
    case 'proposal':
    case 'ack':
    case 'nack':
    case 'round':
      return !message.again && (state.decided !== undefined || message.round < state.round)
  }
}
