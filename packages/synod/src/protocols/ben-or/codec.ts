import { Malformed, type Codec, type Reader, type Writer } from '../../core/index.ts'
import type { Bit, Choice, Decided, Durable, Message, Vote } from './messages.ts'

// The numbers of messages and records, which are the same, are part of the format: they are never used again for
// something else.
const types = { report: 1, proposal: 2, confirmation: 3, decided: 4, missing: 5 } as const
const nothing = 2

/** The bytes of Ben-Or's messages and records. */
export const benOrCodec: Codec<Message, Durable> = {
  protocol: 'ben-or',
  message: write,
  readMessage: read,
  record: write,
  readRecord(input) {
    const record = read(input)
    if (record.type === 'missing') throw new Malformed('Ben-Or keeps no record of a question')
    return record
  },
  urgency: () => 'urgent',
  attachment: () => undefined,
}

function write(message: Message, out: Writer): void {
  out.u8(types[message.type])
  out.u53(message.round)
  if (message.type !== 'missing') out.u8(message.value === '?' ? nothing : message.value)
}

function read(input: Reader): Message {
  const number = input.u8()
  const round = input.u53()
  if (round < 1) throw new Malformed('Ben-Or has no round 0')
  switch (number) {
    case types.report:
      return vote('report', round, bit(input.u8()))
    case types.proposal:
      return vote('proposal', round, choice(input.u8()))
    case types.confirmation:
      return vote('confirmation', round, choice(input.u8()))
    case types.decided:
      return { type: 'decided', round, value: bit(input.u8()) } satisfies Decided
    case types.missing:
      return { type: 'missing', round }
    default:
      throw new Malformed(`Ben-Or has no message ${number}`)
  }
}

function vote(type: Vote['type'], round: number, value: Choice): Vote {
  return { type, round, value }
}

function choice(value: number): Choice {
  return value === nothing ? '?' : bit(value)
}

function bit(value: number): Bit {
  if (value === 0 || value === 1) return value
  throw new Malformed(`${value} is no bit`)
}
