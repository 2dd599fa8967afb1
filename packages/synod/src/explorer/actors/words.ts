import type { NodeId } from '../../core/index.ts'
import { encode } from '../encoding.ts'
import type { NodeEvent } from './image.ts'
import type { Envelope } from './system.ts'

/** What happens, in words that tell events apart. */
export const eventText = {
  delivery: ({ from, to, message }: Envelope<unknown>): string => `${to} receives ${encode(message)} from ${from}`,
  duplicate: (envelope: Envelope<unknown>): string => `${eventText.delivery(envelope)}, and not for the last time`,
  loss: ({ from, to, message }: Envelope<unknown>): string => `${encode(message)} from ${from} to ${to} is lost`,
  own: (node: NodeId, event: NodeEvent<never>, inputs: readonly { readonly name: string }[]): string => {
    switch (event.type) {
      case 'timeout':
        return `${node}: the timer ${event.timer} fires`
      case 'input':
        return `${node} is asked to ${inputs[event.input]?.name ?? ''}`
      case 'sync':
        return `${node}: what was written is durable`
      case 'crash':
        return `${node} crashes`
      case 'restart':
        return `${node} starts`
      case 'deliver':
        return `${node} receives a message`
    }
  },
}
