import {
  Malformed,
  readMembership,
  writeMembership,
  type Codec,
  type Reader,
  type SnapshotId,
  type Writer,
} from '../../core/index.ts'
import type {
  Accepted,
  Ballot,
  Durable,
  Message,
  Placed,
  PlacedMembers,
  PlacedMembership,
  Proposal,
  Repair,
  Value,
} from './messages.ts'

// The numbers of messages and records are part of the formats: they are never used again for something else. They begin
// behind Raft's, so that a member with the wrong engine understands nothing, instead of something else.
const messages = {
  canvass: 33,
  support: 34,
  prepare: 35,
  promise: 36,
  accept: 37,
  accepted: 38,
  refused: 39,
  handOver: 40,
  learn: 41,
  chosen: 42,
  installSnapshot: 43,
  askPromise: 44,
  tellPromise: 45,
} as const
const records = { hard: 33, accepted: 34, snapshot: 35, checkpoint: 36, repairing: 37, repaired: 38 } as const
const nothing = 0
const commandValue = 1
const membershipValue = 2

/** The bytes of Multi-Paxos' messages and records. Every number is checked against what is there before it is used. */
export const multiPaxosCodec: Codec<Message, Durable> = {
  protocol: 'multi-paxos',
  message: writeMessage,
  readMessage,
  record: writeRecord,
  readRecord,
  urgency: (message) => (isBulk(message) ? 'bulk' : 'urgent'),
  attachment: (message) => (message.type === 'installSnapshot' ? message.snapshot : undefined),
}

function isBulk(message: Message): boolean {
  return (message.type === 'accept' && message.proposals.length > 0) || message.type === 'chosen'
}

function writeMessage(message: Message, out: Writer): void {
  out.u8(messages[message.type])
  switch (message.type) {
    case 'canvass':
      out.u53(message.round)
      return out.u53(message.decided)
    case 'support':
      out.u53(message.round)
      out.flag(message.granted)
      writeBallot(message.promised, out)
      return out.u53(message.decided)
    case 'prepare':
      writeBallot(message.ballot, out)
      out.u53(message.from)
      return out.flag(message.transfer)
    case 'promise':
      writeBallot(message.ballot, out)
      out.u53(message.from)
      writeOptional(message.through, out, (through) => out.u53(through))
      out.u53(message.decided)
      return writeList(message.accepted, out, writePlaced)
    case 'accept':
      writeBallot(message.ballot, out)
      out.u53(message.decided)
      out.u53(message.stable)
      out.u53(message.round)
      return writeList(message.proposals, out, writeProposal)
    case 'accepted':
      writeBallot(message.ballot, out)
      out.u53(message.decided)
      out.u53(message.round)
      return writeList(message.slots, out, (slot) => out.u53(slot))
    case 'learn':
      return out.u53(message.from)
    case 'chosen':
      out.u53(message.first)
      out.u53(message.decided)
      return writeList(message.values, out, writeAccepted)
    case 'refused':
      return writeBallot(message.promised, out)
    case 'handOver':
      return writeBallot(message.ballot, out)
    case 'installSnapshot':
      return writeSnapshot(message.snapshot, out)
    case 'tellPromise':
      writeBallot(message.promised, out)
      out.u53(message.lastIndex)
      return writeList(message.memberships, out, writePlacedMembers)
    case 'askPromise':
      return undefined
  }
}

function readMessage(input: Reader): Message {
  const tag = input.u8()
  switch (tag) {
    case messages.canvass:
      return { type: 'canvass', round: input.u53(), decided: input.u53() }
    case messages.support: {
      const [round, granted] = [input.u53(), input.flag()]
      return { type: 'support', round, granted, promised: readBallot(input), decided: input.u53() }
    }
    case messages.prepare:
      return { type: 'prepare', ballot: readBallot(input), from: input.u53(), transfer: input.flag() }
    case messages.promise: {
      const [ballot, from] = [readBallot(input), input.u53()]
      const [through, decided] = [readOptional(input, (of) => of.u53()), input.u53()]
      return { type: 'promise', ballot, from, through, decided, accepted: readList(input, 25, readPlaced) }
    }
    case messages.accept: {
      const [ballot, decided, stable, round] = [readBallot(input), input.u53(), input.u53(), input.u53()]
      return { type: 'accept', ballot, decided, stable, round, proposals: readList(input, 17, readProposal) }
    }
    case messages.accepted: {
      const [ballot, decided, round] = [readBallot(input), input.u53(), input.u53()]
      return { type: 'accepted', ballot, decided, round, slots: readList(input, 8, (of) => of.u53()) }
    }
    case messages.refused:
      return { type: 'refused', promised: readBallot(input) }
    case messages.handOver:
      return { type: 'handOver', ballot: readBallot(input) }
    case messages.learn:
      return { type: 'learn', from: input.u53() }
    case messages.chosen:
      return { type: 'chosen', first: input.u53(), decided: input.u53(), values: readList(input, 21, readAccepted) }
    case messages.installSnapshot:
      return { type: 'installSnapshot', snapshot: readSnapshot(input) }
    case messages.askPromise:
      return { type: 'askPromise' }
    case messages.tellPromise: {
      const [promised, lastIndex] = [readBallot(input), input.u53()]
      return { type: 'tellPromise', promised, lastIndex, memberships: readList(input, 12, readPlacedMembers) }
    }
    default:
      throw new Malformed(`Multi-Paxos has no message of number ${tag}`)
  }
}

function writeRecord(record: Durable, out: Writer): void {
  out.u8(records[record.type])
  writeBallot(record.promised, out)
  out.u53(record.decided)
  switch (record.type) {
    case 'hard':
      return undefined
    case 'accepted':
      return writeList(record.accepted, out, writePlaced)
    case 'snapshot':
      writeSnapshot(record.snapshot, out)
      return out.u53(record.through)
    case 'checkpoint':
      out.u53(record.last)
      writeOptional(record.snapshot, out, writeSnapshot)
      writeList(record.memberships, out, writePlacedMembership)
      return writeOptional(record.repair, out, writeRepair)
    case 'repairing':
      return writeRepair(record.repair, out)
    case 'repaired':
      return out.u32(record.digest)
  }
}

function readRecord(input: Reader): Durable {
  const tag = input.u8()
  const hardState = { promised: readBallot(input), decided: input.u53() }
  switch (tag) {
    case records.hard:
      return { type: 'hard', ...hardState }
    case records.accepted:
      return { type: 'accepted', ...hardState, accepted: readList(input, 25, readPlaced) }
    case records.snapshot: {
      const snapshot = readSnapshot(input)
      return { type: 'snapshot', ...hardState, snapshot, through: input.u53() }
    }
    case records.checkpoint: {
      const [last, snapshot] = [input.u53(), readOptional(input, readSnapshot)]
      const memberships = readList(input, 33, readPlacedMembership)
      if (memberships.length === 0) throw new Malformed('a checkpoint names the membership')
      const repair = readOptional(input, readRepair)
      return { type: 'checkpoint', ...hardState, last, snapshot, memberships, repair }
    }
    case records.repairing:
      return { type: 'repairing', ...hardState, repair: readRepair(input) }
    case records.repaired:
      return { type: 'repaired', ...hardState, digest: input.u32() }
    default:
      throw new Malformed(`Multi-Paxos has no record of number ${tag}`)
  }
}

function writeOptional<T>(value: T | undefined, out: Writer, write: (value: T, out: Writer) => void): void {
  out.flag(value !== undefined)
  if (value !== undefined) write(value, out)
}

function readOptional<T>(input: Reader, read: (input: Reader) => T): T | undefined {
  return input.flag() ? read(input) : undefined
}

function writeList<T>(list: readonly T[], out: Writer, write: (element: T, out: Writer) => void): void {
  out.u32(list.length)
  for (const element of list) write(element, out)
}

/** `least`: how many bytes an element takes at least. */
function readList<T>(input: Reader, least: number, read: (input: Reader) => T): T[] {
  const list: T[] = []
  for (let left = input.count(least); left > 0; left--) list.push(read(input))
  return list
}

function writeBallot({ round, id }: Ballot, out: Writer): void {
  out.u53(round)
  out.text(id)
}

function readBallot(input: Reader): Ballot {
  return { round: input.u53(), id: input.text() }
}

function writeValue({ term, command, membership }: Value, out: Writer): void {
  out.u53(term)
  if (command !== undefined) {
    out.u8(commandValue)
    out.command(command)
  } else if (membership !== undefined) {
    out.u8(membershipValue)
    writeMembership(membership, out)
  } else out.u8(nothing)
}

function readValue(input: Reader): Value {
  const term = input.u53()
  const kind = input.u8()
  switch (kind) {
    case nothing:
      return { term }
    case commandValue:
      return { term, command: input.command() }
    case membershipValue:
      return { term, membership: readMembership(input) }
    default:
      throw new Malformed(`Multi-Paxos has no value of kind ${kind}`)
  }
}

function writeAccepted({ ballot, value }: Accepted, out: Writer): void {
  writeBallot(ballot, out)
  writeValue(value, out)
}

function readAccepted(input: Reader): Accepted {
  return { ballot: readBallot(input), value: readValue(input) }
}

function writePlaced(placed: Placed, out: Writer): void {
  out.u53(placed.slot)
  writeAccepted(placed, out)
}

function readPlaced(input: Reader): Placed {
  return { slot: input.u53(), ...readAccepted(input) }
}

function writeProposal({ slot, value }: Proposal, out: Writer): void {
  out.u53(slot)
  writeValue(value, out)
}

function readProposal(input: Reader): Proposal {
  return { slot: input.u53(), value: readValue(input) }
}

function writePlacedMembership({ index, membership }: PlacedMembership, out: Writer): void {
  out.u53(index)
  writeMembership(membership, out)
}

function readPlacedMembership(input: Reader): PlacedMembership {
  return { index: input.u53(), membership: readMembership(input) }
}

function writeSnapshot({ index, term, membership }: SnapshotId, out: Writer): void {
  out.u53(index)
  out.u53(term)
  writeMembership(membership, out)
}

function readSnapshot(input: Reader): SnapshotId {
  return { index: input.u53(), term: input.u53(), membership: readMembership(input) }
}

function writePlacedMembers({ index, members }: PlacedMembers, out: Writer): void {
  out.u53(index)
  out.nodes(members)
}

function readPlacedMembers(input: Reader): PlacedMembers {
  return { index: input.u53(), members: input.nodes() }
}

function writeRepair({ through, known, round, awaiting, told, members }: Repair, out: Writer): void {
  out.u53(through)
  out.flag(known)
  writeOptional(round, out, (of) => out.u53(of))
  out.nodes(awaiting)
  out.nodes(told)
  writeList(members, out, writePlacedMembers)
}

function readRepair(input: Reader): Repair {
  const [through, known] = [input.u53(), input.flag()]
  const round = readOptional(input, (of) => of.u53())
  const [awaiting, told] = [input.nodes(), input.nodes()]
  return { through, known, round, awaiting, told, members: readList(input, 12, readPlacedMembers) }
}
