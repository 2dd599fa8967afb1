import type { NodeId } from '../../core/index.ts'
import type { Message } from './messages.ts'
import type { BenOrState } from './state.ts'

/**
 * Whether a message can no longer matter to a participant in this state, nor in any that it may come to: its handler would
 * do nothing, ever. The explorer leaves such messages out, and proves that they are none.
 */
export function isDead(message: Message, from: NodeId, state: BenOrState): boolean {
  switch (message.type) {
    case 'report':
    case 'proposal':
    case 'confirmation': {
      if (state.decided !== undefined || message.round < state.round) return true
      const heard = state.heard.find(({ round }) => round === message.round)
      return heard !== undefined && from in heard[message.type]
    }
    case 'decided':
      return state.decided !== undefined || from in state.deciders
    // Whoever asks is answered.
    case 'missing':
      return false
  }
}
