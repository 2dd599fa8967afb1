import { Malformed, type Codec, type Reader, type Writer } from '../../core/index.ts'
import type { Ballot, Durable, Message, Proposal } from './messages.ts'

// The numbers of messages and records are part of the format: they are never used again for something else.
const messages = { wish: 1, prepare: 2, promise: 3, accept: 4, accepted: 5, refused: 6, chosen: 7 } as const
const records = { began: 1, promised: 2, accepted: 3, chosen: 4 } as const

/** The bytes of Paxos' messages and records. Every number is checked against what is there before it is used. */
export const paxosCodec: Codec<Message, Durable> = {
  protocol: 'paxos',
  message: writeMessage,
  readMessage,
  record: writeRecord,
  readRecord,
  urgency: () => 'urgent',
  attachment: () => undefined,
}

function writeMessage(message: Message, out: Writer): void {
  out.u8(messages[message.type])
  switch (message.type) {
    case 'wish':
      return out.command(message.value)
    case 'prepare':
      return writeBallot(message.ballot, out)
    case 'promise':
      writeBallot(message.ballot, out)
      out.flag(message.accepted !== undefined)
      return message.accepted && writeProposal(message.accepted, out)
    case 'refused':
      writeBallot(message.ballot, out)
      return writeBallot(message.promised, out)
    case 'accept':
    case 'accepted':
    case 'chosen':
      return writeProposal(message, out)
  }
}

function readMessage(input: Reader): Message {
  const type = input.u8()
  switch (type) {
    case messages.wish:
      return { type: 'wish', value: input.command() }
    case messages.prepare:
      return { type: 'prepare', ballot: readBallot(input) }
    case messages.promise:
      return { type: 'promise', ballot: readBallot(input), accepted: input.flag() ? readProposal(input) : undefined }
    case messages.accept:
      return { type: 'accept', ...readProposal(input) }
    case messages.accepted:
      return { type: 'accepted', ...readProposal(input) }
    case messages.refused:
      return { type: 'refused', ballot: readBallot(input), promised: readBallot(input) }
    case messages.chosen:
      return { type: 'chosen', ...readProposal(input) }
    default:
      throw new Malformed(`Paxos has no message ${type}`)
  }
}

function writeRecord(record: Durable, out: Writer): void {
  out.u8(records[record.type])
  switch (record.type) {
    case 'began':
      return out.u53(record.round)
    case 'promised':
      return writeBallot(record.ballot, out)
    case 'accepted':
    case 'chosen':
      return writeProposal(record, out)
  }
}

function readRecord(input: Reader): Durable {
  const type = input.u8()
  switch (type) {
    case records.began:
      return { type: 'began', round: input.u53() }
    case records.promised:
      return { type: 'promised', ballot: readBallot(input) }
    case records.accepted:
      return { type: 'accepted', ...readProposal(input) }
    case records.chosen:
      return { type: 'chosen', ...readProposal(input) }
    default:
      throw new Malformed(`Paxos has no record ${type}`)
  }
}

function writeBallot({ round, id }: Ballot, out: Writer): void {
  out.u53(round)
  out.text(id)
}

function readBallot(input: Reader): Ballot {
  return { round: input.u53(), id: input.text() }
}

function writeProposal({ ballot, value }: Proposal, out: Writer): void {
  writeBallot(ballot, out)
  out.command(value)
}

function readProposal(input: Reader): Proposal {
  return { ballot: readBallot(input), value: input.command() }
}
