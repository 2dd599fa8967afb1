import {
  crc32,
  Malformed,
  Reader,
  voting,
  Writer,
  type Codec,
  type Command,
} from '../../packages/synod/src/core/index.ts'
import { beginFrame, openFrame, sealFrame } from '../../packages/synod/src/core/frame.ts'
import { readWire, writeWire, type Wire } from '../../packages/synod/src/member/wire.ts'
import { multiPaxosCodec } from '../../packages/synod/src/protocols/multi-paxos/codec.ts'
import type { Message as PaxosMessage } from '../../packages/synod/src/protocols/multi-paxos/messages.ts'
import { raftCodec } from '../../packages/synod/src/protocols/raft/codec.ts'
import type { Durable, Message as RaftMessage } from '../../packages/synod/src/protocols/raft/messages.ts'
import { FrameReader } from '../../packages/synod/src/runtime/transport/frames.ts'
import {
  encodeAnswer,
  encodeGreeting,
  readAnswer,
  readGreeting,
  readGreetingHead,
  versions,
} from '../../packages/synod/src/runtime/transport/handshake.ts'
import { encodeIntroduction, readIntroduction } from '../../packages/synod/src/runtime/transport/introduction.ts'
import { joined, mutate, type Draw } from './draw.ts'
import { expecting, type Target } from './target.ts'

const bytes = new Uint8Array(40).fill(9)
const command: Command = { origin: 'a', sequence: 7, checksum: crc32(bytes), bytes }
const membership = { ...voting(['a', 'b', 'c'], { a: 'x' }), learners: ['d'], joining: ['d'] }
const snapshot = { index: 5, term: 2, membership }
const ballot = { round: 3, id: 'b' }
const value = { term: 3, command }
const memberships = [{ index: 4, members: ['a', 'b'] }]

const raftMessages: readonly RaftMessage[] = [
  { type: 'requestVote', term: 3, lastLogIndex: 9, lastLogTerm: 2, preVote: true, transfer: false },
  { type: 'vote', term: 3, granted: true, preVote: false },
  {
    type: 'appendEntries',
    term: 3,
    prevLogIndex: 9,
    prevLogTerm: 2,
    entries: [{ term: 3 }, { term: 3, command }, { term: 3, membership }],
    leaderCommit: 8,
    round: 4,
  },
  { type: 'appended', term: 3, matchIndex: 9, rejection: undefined, round: 4 },
  {
    type: 'appended',
    term: 3,
    matchIndex: 9,
    rejection: { prevLogIndex: 9, conflictTerm: 1, conflictIndex: 4 },
    round: 4,
  },
  { type: 'installSnapshot', term: 3, snapshot, round: 4 },
  { type: 'tellTerm', term: 3, lastIndex: 9, memberships },
]
const paxosMessages: readonly PaxosMessage[] = [
  { type: 'canvass', round: 3, decided: 9 },
  { type: 'promise', ballot, from: 3, through: 9, accepted: [{ slot: 4, ballot, value }], decided: 8 },
  { type: 'accept', ballot, proposals: [{ slot: 4, value }], decided: 8, stable: 7, round: 4 },
  { type: 'accepted', ballot, slots: [4, 5, 7], decided: 8, round: 4 },
  { type: 'chosen', first: 4, values: [{ ballot, value }], decided: 8 },
  { type: 'installSnapshot', snapshot },
  { type: 'tellPromise', promised: ballot, lastIndex: 9, memberships },
]
const records: readonly Durable[] = [
  { type: 'hardState', currentTerm: 3, votedFor: 'a' },
  { type: 'entries', currentTerm: 3, votedFor: 'a', prevIndex: 4, prevTerm: 2, entries: [{ term: 3, command }] },
  { type: 'snapshot', currentTerm: 3, votedFor: undefined, snapshot, through: { index: 5, term: 2 } },
]

/** Whatever the protocol, members say these to each other too. */
function common<Message>(): readonly Wire<Message>[] {
  return [
    { type: 'forward', term: 3, lowest: 5, command },
    { type: 'refused', term: 3, sequence: 6, reason: 'overloaded' },
    { type: 'readable', id: 5, index: 9 },
    { type: 'chunk', index: 5, term: 2, offset: 0, total: 100, bytes },
    { type: 'change', term: 3, id: 5, changes: [{ type: 'addVoter', id: 'e', contact: 'x' }] },
    { type: 'unchanged', id: 5, code: 'not-leader', message: 'no' },
  ]
}

function framed(write: (out: Writer) => void): Uint8Array {
  const out = new Writer(256)
  beginFrame(out)
  write(out)
  return joined(...sealFrame(out, crc32))
}

function written(write: (out: Writer) => void): Uint8Array {
  const out = new Writer(256)
  write(out)
  return joined(out.control.subarray(0, out.length), ...out.payload)
}

const frames: readonly Uint8Array[] = [
  ...raftMessages
    .map((message): Wire<RaftMessage> => ({ type: 'protocol', message }))
    .concat(common())
    .map((wire) => framed((out) => writeWire(wire, raftCodec, out))),
  ...paxosMessages
    .map((message): Wire<PaxosMessage> => ({ type: 'protocol', message }))
    .map((wire) => framed((out) => writeWire(wire, multiPaxosCodec, out))),
]
const others: readonly Uint8Array[] = [
  ...records.map((record) => written((out) => raftCodec.record(record, out))),
  encodeGreeting({
    versions,
    hello: {
      cluster: '0123456789abcdef',
      from: 'a',
      to: 'b',
      diskId: 'd',
      contact: 'x',
      protocol: raftCodec.protocol,
    },
    channel: 'bulk',
  }),
  encodeAnswer({ version: 3 }),
  encodeAnswer({ refusal: { code: 'busy', message: 'later' } }),
  encodeIntroduction({ cluster: '0123456789abcdef', decided: 4, membership, protocol: raftCodec.protocol }),
]

const isMalformed = (error: unknown): boolean => error instanceof Malformed

/** A frame whose checksum is right again: what a peer with a defect, or worse, would send. */
function resealed(frame: Uint8Array): Uint8Array {
  if (frame.length < 12) return frame
  const copy = Uint8Array.from(frame)
  const view = new DataView(copy.buffer)
  const control = Math.min(view.getUint32(4, true), copy.length - 12)
  view.setUint32(4, control, true)
  view.setUint32(8, copy.length - 12 - control, true)
  view.setUint32(0, crc32(copy, 0, 4, 12 + control), true)
  return copy
}

function readWith<Said, Kept>(codec: Codec<Said, Kept>, input: Uint8Array): void {
  expecting(() => void readWire(openFrame(input, crc32), codec), isMalformed)
  expecting(() => void codec.readRecord(new Reader(input)), isMalformed)
}

function read(input: Uint8Array): void {
  readWith(raftCodec, input)
  readWith(multiPaxosCodec, input)
  expecting(() => {
    const head = readGreetingHead(input)
    if (head !== undefined && input.length >= head.length) readGreeting(input, head)
  }, isMalformed)
  expecting(() => void readAnswer(input), isMalformed)
  expecting(() => void readIntroduction(input), isMalformed)
}

/** Frames as they come through a socket, in any cuts. */
function readCut(input: Uint8Array, draw: Draw): void {
  const reader = new FrameReader()
  expecting(() => {
    for (let at = 0; at < input.length;) {
      const to = Math.min(input.length, at + 1 + draw.below(60))
      reader.push(input.slice(at, to), (frame) => read(frame))
      at = to
    }
  }, isMalformed)
}

export const peers: Target = {
  about: 'what members say to each other: frames, handshakes, messages and records of both engines',
  input(draw) {
    if (draw.chance(0.05)) return draw.bytes(draw.below(200))
    const corpus = draw.chance(0.7) ? frames : others
    const attacked = mutate(draw, draw.of(corpus), corpus)
    return draw.chance(0.6) ? resealed(attacked) : attacked
  },
  run(input, draw) {
    read(input)
    // As one of several on a link; their lengths are a stranger's too, but for those that would only wait for megabytes.
    const length = draw.chance(0.9) ? input.length : draw.below(4096)
    const prefix = Uint8Array.of(length & 0xff, length >>> 8, 0, 0)
    readCut(joined(prefix, input, prefix, input), draw)
  },
}
