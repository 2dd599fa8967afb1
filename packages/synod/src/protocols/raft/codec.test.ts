import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Malformed,
  Reader,
  readMembership,
  voting,
  Writer,
  writeMembership,
  type Membership,
} from '../../core/index.ts'
import { raftCodec } from './codec.ts'
import type { Durable, Message } from './messages.ts'

const number = fc.oneof(fc.nat(), fc.maxSafeNat())
const node = fc.string({ maxLength: 12 })
const flag = fc.boolean()
/** Each of a few members is something at random; what follows from it makes a sound membership. */
const membership = fc
  .record({
    roles: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,5}$/),
      fc.constantFrom('voter', 'outgoing', 'both', 'learner', 'joining', 'staged'),
      { maxKeys: 6, noNullPrototype: true },
    ),
    contact: fc.string({ maxLength: 20 }),
    auto: flag,
  })
  .map(({ roles, contact, auto }) => {
    const those = (...wanted: string[]): string[] =>
      Object.keys(roles)
        .filter((id) => wanted.includes(roles[id] ?? ''))
        .toSorted()
    const outgoing = those('outgoing', 'both', 'staged')
    return {
      voters: those('voter', 'both'),
      outgoing,
      learners: those('learner', 'joining'),
      learnersNext: those('staged'),
      autoLeave: auto && outgoing.length > 0,
      joining: those('joining'),
      contacts: Object.fromEntries(those('voter', 'joining', 'outgoing').map((id) => [id, contact])),
    }
  })
const command = fc.record({
  origin: node,
  sequence: number,
  checksum: fc.nat(),
  bytes: fc.uint8Array({ maxLength: 40 }),
})
const entry = fc.oneof(
  fc.record({ term: number }),
  fc.record({ term: number, command }),
  fc.record({ term: number, membership }),
)
const entries = fc.array(entry, { maxLength: 5 })
const snapshot = fc.record({ index: number, term: number, membership })
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined })
const type = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)

const rejection = fc.record({ prevLogIndex: number, conflictTerm: optional(number), conflictIndex: number })

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: type('requestVote'),
    term: number,
    lastLogIndex: number,
    lastLogTerm: number,
    preVote: flag,
    transfer: flag,
  }),
  fc.record({ type: type('vote'), term: number, granted: flag, preVote: flag }),
  fc.record({
    type: type('appendEntries'),
    term: number,
    prevLogIndex: number,
    prevLogTerm: number,
    entries,
    leaderCommit: number,
    round: number,
  }),
  fc.record({
    type: type('appended'),
    term: number,
    matchIndex: number,
    rejection: optional(rejection),
    round: number,
  }),
  fc.record({ type: type('timeoutNow'), term: number }),
  fc.record({ type: type('installSnapshot'), term: number, snapshot, round: number }),
  fc.record({ type: type('askTerm') }),
  fc.record({
    type: type('tellTerm'),
    term: number,
    lastIndex: number,
    memberships: fc.array(fc.record({ index: number, members: fc.array(node, { maxLength: 3 }) })),
  }),
)

const hard = { currentTerm: number, votedFor: optional(node) }
const position = fc.record({ index: number, term: number })
const repair = fc.record({
  through: number,
  bounded: flag,
  hardState: flag,
  term: optional(number),
  noted: flag,
  awaiting: fc.array(node, { maxLength: 3 }),
  told: fc.array(node, { maxLength: 3 }),
  committed: number,
  known: fc.array(fc.record({ index: number, members: fc.array(node, { maxLength: 3 }) }), { maxLength: 3 }),
})
const placed = fc.array(fc.record({ index: number, membership }), { minLength: 1, maxLength: 3 })
const whole: fc.Arbitrary<Durable> = fc.oneof(
  fc.record({ type: type('hardState'), ...hard }),
  fc.record({ type: type('entries'), ...hard, prevIndex: number, prevTerm: number, entries }),
  fc.record({ type: type('snapshot'), ...hard, snapshot, through: position }),
  fc.record({
    type: type('checkpoint'),
    ...hard,
    last: position,
    snapshot: optional(snapshot),
    memberships: placed,
    repair: optional(repair),
  }),
  fc.record({ type: type('repairing'), ...hard, repair }),
  fc.record({ type: type('repaired'), ...hard, last: position, snapshot: optional(snapshot) }),
)

const doubtful = (written: Durable): Durable => ({ ...written, repairing: true })
const record = fc.oneof(whole, whole.map(doubtful))

function bytesOf(write: (out: Writer) => void): { control: Uint8Array; payload: Uint8Array } {
  const out = new Writer()
  write(out)
  const payload = new Uint8Array(out.payloadLength)
  let at = 0
  for (const part of out.payload) {
    payload.set(part, at)
    at += part.length
  }
  return { control: out.control.slice(0, out.length), payload }
}

describe('what is written is what is read', () => {
  test('messages', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const { control, payload } = bytesOf((out) => raftCodec.message(sent, out))
        const input = new Reader(control, payload)
        expect(raftCodec.readMessage(input)).toEqual(sent)
        input.done()
      }),
    )
  })

  test('records', () => {
    fc.assert(
      fc.property(record, (written) => {
        const { control, payload } = bytesOf((out) => raftCodec.record(written, out))
        const input = new Reader(control, payload)
        expect(raftCodec.readRecord(input)).toEqual(written)
        input.done()
      }),
    )
  })
})

describe('memberships that come again', () => {
  const bytesOf = (membership: Membership): Uint8Array => {
    const out = new Writer()
    writeMembership(membership, out)
    return out.control.slice(0, out.length)
  }
  const bytes = bytesOf(voting(['a', 'b', 'c'], { a: 'here' }))

  test('are one object, and what follows them is read', () => {
    const input = new Reader(Uint8Array.of(...bytes, ...bytes, 7))
    const first = readMembership(input)
    expect(readMembership(input)).toBe(first)
    expect(input.u8()).toBe(7)
  })

  test('are told from others that begin as they do, and from what is cut short', () => {
    readMembership(new Reader(bytes))
    expect(readMembership(new Reader(bytesOf(voting(['a', 'b', 'c'], { a: 'hers' }))))).toMatchObject({
      contacts: { a: 'hers' },
    })
    expect(() => readMembership(new Reader(bytes.subarray(0, -1)))).toThrow(Malformed)
  })
})

describe('bytes that are nothing of ours are Malformed, and nothing else', () => {
  test.each(['readMessage', 'readRecord'] as const)('%s: any bytes', (read) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(9), (bytes, tag) => {
        const control = Uint8Array.of(tag, ...bytes)
        try {
          raftCodec[read](new Reader(control))
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('each message and record that is cut short', () => {
    fc.assert(
      fc.property(message, record, fc.nat(), (sent, written, cut) => {
        const first = bytesOf((out) => raftCodec.message(sent, out)).control
        expect(() => raftCodec.readMessage(new Reader(first.subarray(0, cut % first.length)))).toThrow(Malformed)
        const second = bytesOf((out) => raftCodec.record(written, out)).control
        expect(() => raftCodec.readRecord(new Reader(second.subarray(0, cut % second.length)))).toThrow(Malformed)
      }),
    )
  })

  const abc = voting(['a', 'b', 'c'])
  test.each<[string, Membership]>([
    ['sorted and distinct', { ...abc, voters: ['b', 'a'] }],
    ['sorted and distinct', { ...abc, voters: ['a', 'a'] }],
    ['b is a learner and a voter', { ...abc, learners: ['b'] }],
    ['x is to become a learner, and is not', { ...abc, outgoing: ['a'], learnersNext: ['x'] }],
    ['x is to become a voter, and is no learner', { ...abc, joining: ['x'] }],
    ['no joint phase to be left', { ...abc, autoLeave: true }],
    ['x has a contact, and is no member', { ...abc, contacts: { x: 'nowhere' } }],
  ])('a membership that cannot be: %s', (reason, impossible) => {
    const snapshotOf = { index: 1, term: 1, membership: impossible }
    const { control } = bytesOf((out) =>
      raftCodec.message({ type: 'installSnapshot', term: 1, round: 1, snapshot: snapshotOf }, out),
    )
    expect(() => raftCodec.readMessage(new Reader(control))).toThrow(reason)
  })
})

test('only appends with entries may wait behind others', () => {
  fc.assert(
    fc.property(message, (sent) => {
      const carries = sent.type === 'appendEntries' && sent.entries.length > 0
      expect(raftCodec.urgency(sent)).toBe(carries ? 'bulk' : 'urgent')
      expect(raftCodec.attachment(sent)).toEqual(sent.type === 'installSnapshot' ? sent.snapshot : undefined)
    }),
  )
})
