import { Malformed, type Codec, type Reader, type Writer } from '../../core/index.ts'
import type { DetectorMessage, Life, Stamp } from './messages.ts'

// The numbers are part of the format: they are never used again for something else.
const messages = { heartbeat: 1, ask: 2, alive: 3, suspicions: 4 } as const
const life = 1

/** The bytes of what detectors say; for the parts' holders, too. */
export const detectorCodec: Codec<DetectorMessage, Life> = {
  protocol: 'failure-detectors',
  message: writeDetectorMessage,
  readMessage: readDetectorMessage,
  record: ({ incarnation }, out) => {
    out.u8(life)
    out.u53(incarnation)
  },
  readRecord: (input) => {
    const type = input.u8()
    if (type !== life) throw new Malformed(`a record of type ${type}`)
    return { type: 'life', incarnation: input.u53() }
  },
  urgency: () => 'urgent',
  attachment: () => undefined,
}

export function writeDetectorMessage(message: DetectorMessage, out: Writer): void {
  out.u8(messages[message.type])
  out.u53(message.incarnation)
  out.u53(message.sequence)
  if (message.type === 'suspicions') out.nodes(message.suspected)
}

export function readDetectorMessage(input: Reader): DetectorMessage {
  const type = input.u8()
  const stamp: Stamp = { incarnation: input.u53(), sequence: input.u53() }
  switch (type) {
    case messages.heartbeat:
      return { type: 'heartbeat', ...stamp }
    case messages.ask:
      return { type: 'ask', ...stamp }
    case messages.alive:
      return { type: 'alive', ...stamp }
    case messages.suspicions:
      return { type: 'suspicions', suspected: input.nodes(), ...stamp }
    default:
      throw new Malformed(`a message of type ${type}`)
  }
}
