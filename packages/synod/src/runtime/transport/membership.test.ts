import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { Malformed, voting } from '../../core/index.ts'
import { writeContact } from '../../member/index.ts'
import { askForIntroduction, encodeIntroduction, isQuestion, readIntroduction } from './introduction.ts'
import { dial, endAll, start } from './testing/kit.ts'

// Goal: links are what the membership says, and who joins gets to know it. Method: transports over real sockets.

const patience = { timeout: 5_000, interval: 5 }

afterEach(endAll)

const at = (port: number): string => writeContact({ peerUrls: [`http://127.0.0.1:${port}`] })
const letter = (value: string): Uint8Array => new TextEncoder().encode(value)

test('whoever the membership names is reached from then on, and nobody is any more whom it does not', async () => {
  const b = await start('b')
  const c = await start('c')
  const a = await start('a', { b: b.port })
  const reaches = (to: string): boolean => a.transport.send(to, 'urgent', [letter('x')])
  await vi.waitFor(() => expect(reaches('b')).toBe(true), patience)
  expect(reaches('c')).toBe(false)
  a.transport.reconfigure({ a: at(a.port), b: at(b.port), c: at(c.port) })
  await vi.waitFor(() => expect(reaches('c')).toBe(true), patience)
  a.transport.reconfigure({ a: at(a.port), c: at(c.port) })
  expect(reaches('b')).toBe(false)
  expect(reaches('c')).toBe(true)
  // What the membership says of the dialer is told to who may not know it yet.
  expect(c.listener.greetings.map(({ contact }) => contact)).toContain(at(a.port))
})

test('a peer that moved is reached where it is now, and one that did not keeps its connection', async () => {
  const before = await start('b')
  const a = await start('a', { b: before.port })
  await vi.waitFor(() => expect(a.listener.connections).toEqual(['b']), patience)
  a.transport.reconfigure({ b: writeContact({ name: 'b', peerUrls: [`http://127.0.0.1:${before.port}`] }) })
  const after = await start('b')
  expect(a.transport.send('b', 'urgent', [letter('x')])).toBe(true)
  a.transport.reconfigure({ b: at(after.port) })
  await vi.waitFor(() => expect(a.listener.connections).toEqual(['b', 'b']), patience)
  expect(a.transport.send('b', 'urgent', [letter('y')])).toBe(true)
  await vi.waitFor(() => expect(after.listener.frames).toHaveLength(1), patience)
})

test('whatever is said of a peer, a transport that cannot read it goes on, and reaches the others', async () => {
  const b = await start('b')
  const a = await start('a')
  const unreadable = ['', 'nonsense', '{"v":2,"peerUrls":[]}', '{"v":1,"peerUrls":["http://10.0.0.256:1","x"]}']
  for (const text of unreadable) a.transport.reconfigure({ x: text, b: at(b.port) })
  await vi.waitFor(() => expect(a.listener.connections).toEqual(['b']), patience)
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => a.transport.reconfigure({ x: text })))
  expect(a.transport.send('x', 'urgent', [letter('x')])).toBe(false)
})

test('of several addresses one that answers is used', async () => {
  const b = await start('b')
  const a = await start('a')
  a.transport.reconfigure({ b: writeContact({ peerUrls: ['http://127.0.0.1:1', `http://127.0.0.1:${b.port}`] }) })
  await vi.waitFor(() => expect(a.listener.connections).toEqual(['b']), patience)
})

test('a peer that is estranged is not heard before it has greeted anew', async () => {
  const b = await start('b')
  const a = await start('a', { b: b.port })
  await vi.waitFor(() => expect(b.listener.greetings).toHaveLength(3), patience)
  await vi.waitFor(() => expect(a.transport.send('b', 'urgent', [letter('x')])).toBe(true), patience)
  b.listener.welcome = (_, answer) => answer({ code: 'removed', message: 'member a was removed' })
  b.transport.estrange('a')
  await vi.waitFor(
    () => expect(a.listener.refusals).toContainEqual({ code: 'removed', message: 'member a was removed' }),
    patience,
  )
  expect(a.transport.send('b', 'urgent', [letter('y')])).toBe(false)
})

test('who joins asks who takes part, and is told; while a disk is still being read that is not known', async () => {
  const a = await start('a')
  const address = { host: '127.0.0.1', port: a.port, secure: false }
  await expect(askForIntroduction(address, 1000)).rejects.toThrow('still reading its disk')
  const membership = voting(['a'], { a: at(a.port) })
  const introduction = { cluster: '0123456789abcdef', protocol: 'raft', decided: 7, membership }
  a.listener.introduction = introduction
  expect(await askForIntroduction(address, 1000)).toEqual(introduction)
  await expect(askForIntroduction({ host: '127.0.0.1', port: 1, secure: false }, 1000)).rejects.toThrow('ECONNREFUSED')
  // Nobody is taken for a member by asking.
  expect(a.listener.greetings).toEqual([])
  const slow = await dial(a.port)
  for (const byte of [0x53, 0x59, 0x4e]) slow.write(Uint8Array.of(byte))
  expect(a.warnings).toEqual([])
})

test('an introduction in any pieces is read, and other bytes are refused', () => {
  const membership = voting(['a', 'b'], { a: at(1) })
  const said = { cluster: '0123456789abcdef', protocol: 'multi-paxos', decided: 7, membership }
  const bytes = encodeIntroduction(said)
  for (let length = 0; length < bytes.length; length++)
    expect(readIntroduction(bytes.subarray(0, length))).toBeUndefined()
  expect(readIntroduction(bytes)).toEqual({ said })
  for (const version of [1, 3]) {
    const other = bytes.slice()
    new DataView(other.buffer).setUint32(4, version, true)
    expect(() => readIntroduction(other)).toThrow(`answers in version ${version}; this program knows version 2`)
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4 }), (other) => {
      expect(() => readIntroduction(other)).toThrow(Malformed)
      expect(isQuestion(other)).toBe(false)
    }),
  )
})
