import { assert, Malformed, type Codec, type Command, type NodeId, type Reader, type Writer } from '../../core/index.ts'
import { readDetectorMessage, writeDetectorMessage } from '../failure-detectors/index.ts'
import type { Durable, Message, StrongMessage, Values } from './messages.ts'

// The numbers are part of the formats: they are never used again for something else.
const messages = {
  estimate: 1,
  proposal: 2,
  ack: 3,
  nack: 4,
  round: 5,
  decision: 6,
  broadcast: 7,
  detector: 8,
  values: 9,
} as const
const records = { life: 1, stand: 2, decided: 3 } as const

export const chandraTouegCodec: Codec<Message, Durable> = {
  protocol: 'chandra-toueg',
  message: writeMessage,
  readMessage,
  record: writeRecord,
  readRecord,
  urgency: () => 'urgent',
  attachment: () => undefined,
}

export const strongCodec: Codec<StrongMessage, never> = {
  protocol: 'chandra-toueg-strong',
  message: writeStrongMessage,
  readMessage: readStrongMessage,
  record: () => assert(false, 'the algorithm over S writes nothing'),
  readRecord: () => {
    throw new Malformed('a record of an algorithm that writes none')
  },
  urgency: () => 'urgent',
  attachment: () => undefined,
}

function writeMessage(message: Message, out: Writer): void {
  out.u8(messages[message.type])
  switch (message.type) {
    case 'decision':
      return out.command(message.value)
    case 'broadcast': {
      const { origin, sequence, value } = message.message
      out.text(origin)
      out.u53(sequence)
      return out.command(value)
    }
    case 'detector':
      return writeDetectorMessage(message.message, out)
    case 'estimate':
    case 'proposal':
    case 'ack':
    case 'nack':
    case 'round':
      out.u53(message.round)
      out.flag(message.again)
      if (message.type === 'proposal') out.command(message.value)
      if (message.type !== 'estimate') return
      writeEstimate(message.estimate, out)
      out.u53(message.timestamp)
  }
}

function readMessage(input: Reader): Message {
  const type = input.u8()
  switch (type) {
    case messages.decision:
      return { type: 'decision', value: input.command() }
    case messages.broadcast:
      return {
        type: 'broadcast',
        message: { origin: input.text(), sequence: input.u53(), value: input.command() },
      }
    case messages.detector:
      return { type: 'detector', message: readDetectorMessage(input) }
  }
  const ofRound = { round: input.u53(), again: input.flag() }
  switch (type) {
    case messages.estimate:
      return { type: 'estimate', ...ofRound, estimate: readEstimate(input), timestamp: input.u53() }
    case messages.proposal:
      return { type: 'proposal', ...ofRound, value: input.command() }
    case messages.ack:
      return { type: 'ack', ...ofRound }
    case messages.nack:
      return { type: 'nack', ...ofRound }
    case messages.round:
      return { type: 'round', ...ofRound }
    default:
      throw new Malformed(`a message of type ${type}`)
  }
}

function writeRecord(record: Durable, out: Writer): void {
  out.u8(records[record.type])
  switch (record.type) {
    case 'life':
      return out.u53(record.incarnation)
    case 'decided':
      return out.command(record.value)
    case 'stand':
      out.u53(record.round)
      writeEstimate(record.estimate, out)
      out.u53(record.timestamp)
  }
}

function readRecord(input: Reader): Durable {
  const type = input.u8()
  switch (type) {
    case records.life:
      return { type: 'life', incarnation: input.u53() }
    case records.decided:
      return { type: 'decided', value: input.command() }
    case records.stand:
      return { type: 'stand', round: input.u53(), estimate: readEstimate(input), timestamp: input.u53() }
    default:
      throw new Malformed(`a record of type ${type}`)
  }
}

function writeEstimate(estimate: Command | undefined, out: Writer): void {
  out.flag(estimate !== undefined)
  if (estimate !== undefined) out.command(estimate)
}

function readEstimate(input: Reader): Command | undefined {
  return input.flag() ? input.command() : undefined
}

function writeStrongMessage(message: StrongMessage, out: Writer): void {
  out.u8(messages[message.type])
  if (message.type === 'detector') return writeDetectorMessage(message.message, out)
  out.u53(message.round)
  out.flag(message.again)
  const values = Object.entries(message.values)
  out.u32(values.length)
  for (const [id, value] of values) {
    out.text(id)
    out.command(value)
  }
}

function readStrongMessage(input: Reader): StrongMessage {
  const type = input.u8()
  if (type === messages.detector) return { type: 'detector', message: readDetectorMessage(input) }
  if (type !== messages.values) throw new Malformed(`a message of type ${type}`)
  const ofRound = { round: input.u53(), again: input.flag() }
  const entries: [NodeId, Command][] = []
  for (let count = input.count(1); count > 0; count--) entries.push([input.text(), input.command()])
  return { type: 'values', ...ofRound, values: Object.fromEntries(entries) satisfies Values }
}
