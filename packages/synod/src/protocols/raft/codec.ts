import {
  Malformed,
  readMembership,
  writeMembership,
  type Codec,
  type NodeId,
  type Reader,
  type SnapshotId,
  type Writer,
} from '../../core/index.ts'
import type {
  Durable,
  Entry,
  HardState,
  Message,
  PlacedMembers,
  PlacedMembership,
  Position,
  Rejection,
  Repair,
} from './messages.ts'

// The numbers of messages and records are part of the formats: they are never used again for something else.
const messages = {
  requestVote: 1,
  vote: 2,
  appendEntries: 3,
  appended: 4,
  timeoutNow: 5,
  installSnapshot: 6,
  askTerm: 7,
  tellTerm: 8,
} as const
const records = { hardState: 1, entries: 2, snapshot: 3, checkpoint: 4, repairing: 5, repaired: 6 } as const
const nothing = 0
const commandEntry = 1
const membershipEntry = 2

/** The bytes of Raft's messages and records. Every number is checked against what is there before it is used. */
export const raftCodec: Codec<Message, Durable> = {
  protocol: 'raft',
  message: writeMessage,
  readMessage,
  record: writeRecord,
  readRecord,
  urgency: (message) => (message.type === 'appendEntries' && message.entries.length > 0 ? 'bulk' : 'urgent'),
  attachment: (message) => (message.type === 'installSnapshot' ? message.snapshot : undefined),
}

function writeMessage(message: Message, out: Writer): void {
  out.u8(messages[message.type])
  switch (message.type) {
    case 'requestVote':
      out.u53(message.term)
      out.u53(message.lastLogIndex)
      out.u53(message.lastLogTerm)
      out.flag(message.preVote)
      return out.flag(message.transfer)
    case 'vote':
      out.u53(message.term)
      out.flag(message.granted)
      return out.flag(message.preVote)
    case 'appendEntries':
      out.u53(message.term)
      out.u53(message.prevLogIndex)
      out.u53(message.prevLogTerm)
      out.u53(message.leaderCommit)
      out.u53(message.round)
      return writeEntries(message.entries, out)
    case 'appended':
      out.u53(message.term)
      out.u53(message.matchIndex)
      out.u53(message.round)
      return writeOptional(message.rejection, out, writeRejection)
    case 'installSnapshot':
      out.u53(message.term)
      out.u53(message.round)
      return writeSnapshot(message.snapshot, out)
    case 'timeoutNow':
      return out.u53(message.term)
    case 'tellTerm':
      out.u53(message.term)
      out.u53(message.lastIndex)
      return writePlacedMembers(message.memberships, out)
    case 'askTerm':
      return undefined
  }
}

function readMessage(input: Reader): Message {
  const tag = input.u8()
  switch (tag) {
    case messages.requestVote: {
      const [term, lastLogIndex, lastLogTerm] = [input.u53(), input.u53(), input.u53()]
      return { type: 'requestVote', term, lastLogIndex, lastLogTerm, preVote: input.flag(), transfer: input.flag() }
    }
    case messages.vote:
      return { type: 'vote', term: input.u53(), granted: input.flag(), preVote: input.flag() }
    case messages.appendEntries: {
      const [term, prevLogIndex, prevLogTerm] = [input.u53(), input.u53(), input.u53()]
      const [leaderCommit, round] = [input.u53(), input.u53()]
      return {
        type: 'appendEntries',
        term,
        prevLogIndex,
        prevLogTerm,
        leaderCommit,
        round,
        entries: readEntries(input),
      }
    }
    case messages.appended: {
      const [term, matchIndex, round] = [input.u53(), input.u53(), input.u53()]
      return { type: 'appended', term, matchIndex, round, rejection: readOptional(input, readRejection) }
    }
    case messages.installSnapshot:
      return { type: 'installSnapshot', term: input.u53(), round: input.u53(), snapshot: readSnapshot(input) }
    case messages.timeoutNow:
      return { type: 'timeoutNow', term: input.u53() }
    case messages.askTerm:
      return { type: 'askTerm' }
    case messages.tellTerm:
      return { type: 'tellTerm', term: input.u53(), lastIndex: input.u53(), memberships: readPlacedMembers(input) }
    default:
      throw new Malformed(`Raft has no message of number ${tag}`)
  }
}

function writeRecord(record: Durable, out: Writer): void {
  out.u8(records[record.type])
  out.u53(record.currentTerm)
  writeOptional(record.votedFor, out, writeNode)
  out.flag(record.repairing === true)
  switch (record.type) {
    case 'hardState':
      return undefined
    case 'entries':
      out.u53(record.prevIndex)
      out.u53(record.prevTerm)
      return writeEntries(record.entries, out)
    case 'snapshot':
      writeSnapshot(record.snapshot, out)
      return writePosition(record.through, out)
    case 'checkpoint':
      writePosition(record.last, out)
      writeOptional(record.snapshot, out, writeSnapshot)
      out.u32(record.memberships.length)
      for (const { index, membership } of record.memberships) {
        out.u53(index)
        writeMembership(membership, out)
      }
      return writeOptional(record.repair, out, writeRepair)
    case 'repairing':
      return writeRepair(record.repair, out)
    case 'repaired':
      writePosition(record.last, out)
      return writeOptional(record.snapshot, out, writeSnapshot)
  }
}

function readRecord(input: Reader): Durable {
  const tag = input.u8()
  const [currentTerm, votedFor] = [input.u53(), readOptional(input, readNode)]
  const hardState: HardState = { currentTerm, votedFor, ...(input.flag() && { repairing: true }) }
  switch (tag) {
    case records.hardState:
      return { type: 'hardState', ...hardState }
    case records.entries: {
      const [prevIndex, prevTerm] = [input.u53(), input.u53()]
      return { type: 'entries', ...hardState, prevIndex, prevTerm, entries: readEntries(input) }
    }
    case records.snapshot:
      return { type: 'snapshot', ...hardState, snapshot: readSnapshot(input), through: readPosition(input) }
    case records.checkpoint: {
      const last = readPosition(input)
      const snapshot = readOptional(input, readSnapshot)
      const memberships = readMemberships(input)
      return { type: 'checkpoint', ...hardState, last, snapshot, memberships, repair: readOptional(input, readRepair) }
    }
    case records.repairing:
      return { type: 'repairing', ...hardState, repair: readRepair(input) }
    case records.repaired:
      return { type: 'repaired', ...hardState, last: readPosition(input), snapshot: readOptional(input, readSnapshot) }
    default:
      throw new Malformed(`Raft has no record of number ${tag}`)
  }
}

function writeOptional<T>(value: T | undefined, out: Writer, write: (value: T, out: Writer) => void): void {
  out.flag(value !== undefined)
  if (value !== undefined) write(value, out)
}

function readOptional<T>(input: Reader, read: (input: Reader) => T): T | undefined {
  return input.flag() ? read(input) : undefined
}

function writeNode(id: NodeId, out: Writer): void {
  out.text(id)
}

function readNode(input: Reader): NodeId {
  return input.text()
}

function writeEntries(entries: readonly Entry[], out: Writer): void {
  out.u32(entries.length)
  for (const { term, command, membership } of entries) {
    out.u53(term)
    if (command !== undefined) {
      out.u8(commandEntry)
      out.command(command)
    } else if (membership !== undefined) {
      out.u8(membershipEntry)
      writeMembership(membership, out)
    } else out.u8(nothing)
  }
}

function readEntries(input: Reader): Entry[] {
  const entries: Entry[] = []
  for (let left = input.count(9); left > 0; left--) entries.push(readEntry(input))
  return entries
}

function readEntry(input: Reader): Entry {
  const term = input.u53()
  const kind = input.u8()
  switch (kind) {
    case nothing:
      return { term }
    case commandEntry:
      return { term, command: input.command() }
    case membershipEntry:
      return { term, membership: readMembership(input) }
    default:
      throw new Malformed(`Raft has no entry of kind ${kind}`)
  }
}

function readMemberships(input: Reader): PlacedMembership[] {
  const memberships: PlacedMembership[] = []
  for (let left = input.count(33); left > 0; left--) {
    memberships.push({ index: input.u53(), membership: readMembership(input) })
  }
  if (memberships.length === 0) throw new Malformed('a checkpoint names the membership')
  return memberships
}

function writePosition({ index, term }: Position, out: Writer): void {
  out.u53(index)
  out.u53(term)
}

function readPosition(input: Reader): Position {
  return { index: input.u53(), term: input.u53() }
}

function writeSnapshot(snapshot: SnapshotId, out: Writer): void {
  writePosition(snapshot, out)
  writeMembership(snapshot.membership, out)
}

function readSnapshot(input: Reader): SnapshotId {
  return { ...readPosition(input), membership: readMembership(input) }
}

function writeRejection({ prevLogIndex, conflictTerm, conflictIndex }: Rejection, out: Writer): void {
  out.u53(prevLogIndex)
  writeOptional(conflictTerm, out, (term) => out.u53(term))
  out.u53(conflictIndex)
}

function readRejection(input: Reader): Rejection {
  const prevLogIndex = input.u53()
  const conflictTerm = readOptional(input, (from) => from.u53())
  return { prevLogIndex, conflictTerm, conflictIndex: input.u53() }
}

function writePlacedMembers(list: readonly PlacedMembers[], out: Writer): void {
  out.u32(list.length)
  for (const { index, members } of list) {
    out.u53(index)
    out.nodes(members)
  }
}

function readPlacedMembers(input: Reader): PlacedMembers[] {
  const list: PlacedMembers[] = []
  for (let left = input.count(12); left > 0; left--) list.push({ index: input.u53(), members: input.nodes() })
  return list
}

function writeRepair(repair: Repair, out: Writer): void {
  out.u53(repair.through)
  out.flag(repair.bounded)
  out.flag(repair.hardState)
  writeOptional(repair.term, out, (term) => out.u53(term))
  out.flag(repair.noted)
  out.nodes(repair.awaiting)
  out.nodes(repair.told)
  writePlacedMembers(repair.known, out)
  out.u53(repair.committed)
}

function readRepair(input: Reader): Repair {
  const [through, bounded, hardState] = [input.u53(), input.flag(), input.flag()]
  const term = readOptional(input, (from) => from.u53())
  const [noted, awaiting, told] = [input.flag(), input.nodes(), input.nodes()]
  return {
    through,
    bounded,
    hardState,
    term,
    noted,
    awaiting,
    told,
    known: readPlacedMembers(input),
    committed: input.u53(),
  }
}
