import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { voting } from 'synod'
import type { Hello, Host, Introduction, Refusal } from 'synod'
import { writeContact } from 'synod/member'
import { askForIntroduction, GuardedHost, Transport } from 'synod/runtime'
import type { PeerTls } from 'synod/runtime'
import { silent } from '../testing/one-node.ts'
import { peerTls, TestAuthority } from '../testing/certificates.ts'
import { until } from '../testing/until.ts'

// Goal: whoever has no certificate of the authority is not heard at the peer port, and whoever has one speaks as the member
// that is named in it and as no other. Method: two transports over real sockets, and certificates made for each case.

const cluster = '0123456789abcdef'
const authority = new TestAuthority()
const endings: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

class Listener implements Host {
  readonly greetings: Hello[] = []
  readonly refusals: Refusal[] = []
  readonly connections: string[] = []
  readonly frames: string[] = []
  introduction: Introduction | undefined
  alarm(): void {}
  flush(): void {}
  arrived(from: string): void {
    this.frames.push(from)
  }
  greeted(hello: Hello, answer: (refusal: Refusal | undefined) => void): void {
    this.greetings.push(hello)
    answer(undefined)
  }
  refused(_: string, refusal: Refusal): void {
    this.refusals.push(refusal)
  }
  connected(to: string): void {
    this.connections.push(to)
  }
  introduce(): Introduction | undefined {
    return this.introduction
  }
}

interface Peer {
  readonly listener: Listener
  readonly transport: Transport
  readonly port: number
  /** Warnings, and what is told at debug level. */
  readonly told: string[]
}

/** A member `id` that knows these contacts. */
async function start(
  id: string,
  tls: PeerTls | undefined,
  contacts: Readonly<Record<string, string>>,
  secure: boolean = tls !== undefined,
  handshakeTimeout = 2000,
): Promise<Peer> {
  const listener = new Listener()
  const told: string[] = []
  const tell = (message: string): void => void told.push(message)
  const host = new GuardedHost(() => undefined)
  host.bind(listener)
  const transport = new Transport({
    host,
    log: { ...silent, debug: tell, warn: tell },
    random: () => 0.5,
    listen: { host: '127.0.0.1', port: 0, secure },
    tls,
    limits: { backoffMin: 5, backoffMax: 20, handshakeTimeout },
  })
  endings.push(async () => transport.close())
  transport.reconfigure(contacts)
  const port = await transport.start({ cluster, id, diskId: `disk-${id}`, protocol: 'raft' })
  return { listener, transport, port, told }
}

function contact(name: string, port: number, host = '127.0.0.1'): string {
  return writeContact({ name, peerUrls: [`https://${host}:${port}`] })
}

/** `b` as it is known to `a`, which it dials; `speaker` is whose certificate it shows. */
async function dials(
  speaker: PeerTls | undefined,
  {
    knownAs = contact('b', 1),
    own = contact('b', 1),
  }: { readonly knownAs?: string | undefined; readonly own?: string } = {},
): Promise<{ a: Peer; b: Peer }> {
  const known: Record<string, string> = knownAs === '' ? {} : { b: knownAs }
  const a = await start('a', authority.peer(['a']), { a: contact('a', 1), c: contact('c', 1), ...known })
  const b = await start('b', speaker, { a: contact('a', a.port), b: own })
  return { a, b }
}

/** It is welcomed at the first peer that it dials. */
async function expectWelcome({ listener }: Peer): Promise<void> {
  await until(() => listener.connections.length > 0)
  expect(listener.connections).toHaveLength(1)
}

/** Nobody is greeted, and the reason is told on one of the sides. */
async function expectRefusal({ a, b }: { a: Peer; b: Peer }, reason: RegExp): Promise<void> {
  await until(() => [...a.told, ...b.told].some((message) => reason.test(message)))
  expect(a.listener.greetings).toEqual([])
  expect(b.listener.connections).toEqual([])
}

describe('a member with its certificate', () => {
  test('is heard, and answered with frames', async () => {
    const { a, b } = await dials(authority.peer(['b']))
    await until(() => b.listener.connections.length === 1 && a.listener.greetings.length === 3)
    expect(a.listener.greetings).toMatchObject([{ from: 'b' }, { from: 'b' }, { from: 'b' }])
    expect(b.transport.send('a', 'urgent', [Uint8Array.of(1)])).toBe(true)
    await until(() => a.listener.frames.length === 1)
    expect(a.listener.frames).toEqual(['b'])
  })

  test('that is being renamed has both names in it', async () => {
    const { b } = await dials(authority.peer(['b2', 'b']))
    await expectWelcome(b)
  })

  test('that has not said its name yet is known by the address that it was added with', async () => {
    const { b } = await dials(authority.peer(['b']), { knownAs: contact('', 1) })
    await expectWelcome(b)
  })

  test('is answered though the membership here does not know it yet: it may lead', async () => {
    const { b } = await dials(authority.peer(['b']), { knownAs: '' })
    await expectWelcome(b)
  })

  test('asks who takes part, and is told', async () => {
    const a = await start('a', authority.peer(['a']), {})
    const membership = voting(['a'], { a: contact('a', a.port) })
    a.listener.introduction = { cluster, protocol: 'raft', decided: 1, membership }
    const address = { host: '127.0.0.1', port: a.port, secure: true }
    expect(await askForIntroduction(address, 2000, authority.peer(['d']))).toMatchObject({ cluster })
    // Whoever it asks shows a member's certificate, too.
    const stranger = askForIntroduction(address, 2000, new TestAuthority('another').peer(['d']))
    await expect(stranger).rejects.toThrow('its certificate is of an authority that is not trusted here')
    await expect(askForIntroduction(address, 2000)).rejects.toThrow('no certificate to show')
    const client = askForIntroduction(address, 2000, authority.peer([]))
    await expect(client).rejects.toThrow(/closed the connection|ECONNRESET/)
  })
})

describe('whoever is not that member is not heard', () => {
  test('another member', async () => {
    const both = await dials(authority.peer(['c']))
    await expectRefusal(both, /\(wrong-certificate\): its certificate is that of member c, and member b is called b/)
    // It hears so itself.
    await until(() => both.b.listener.refusals.length > 0)
    expect(both.b.listener.refusals[0]).toMatchObject({ code: 'wrong-certificate' })
  })

  test('a client of the cluster', async () => {
    const both = await dials(authority.peer([], { purposes: ['client'] }))
    await expectRefusal(both, /its certificate names no member/)
  })

  test('somebody whose host is called like a member', async () => {
    await expectRefusal(
      await dials(authority.peer([], { hosts: ['127.0.0.1', 'b'] })),
      /its certificate names no member/,
    )
  })

  test('a member of a cluster of another authority', async () => {
    const other = new TestAuthority('another')
    const shown = other.issue({ members: ['b'] })
    // It trusts the authority here, which anybody may.
    await expectRefusal(await dials(peerTls(shown, authority.pem)), /of an authority that is not trusted here/)
  })

  test('a member whose certificate has expired, or is made for servers only', async () => {
    await expectRefusal(await dials(authority.peer(['b'], { to: -0.1 })), /its certificate has expired/)
    await expectRefusal(
      await dials(authority.peer(['b'], { purposes: ['server'] })),
      /not made for this side of a connection/,
    )
  })

  test('a member that shows no certificate, and one that speaks plaintext', async () => {
    const { a } = await dials(undefined)
    const bare = connect({ host: '127.0.0.1', port: a.port, ca: authority.pem })
    bare.on('error', () => undefined)
    const plain = connectPlain(a.port, '127.0.0.1')
    plain.write('SYNP\x03\0\0\0\x03\0\0\0')
    plain.on('error', () => undefined)
    const told = (what: string): boolean => a.told.some((message) => message.includes(what))
    await until(() => told('it has shown no certificate') && told('plaintext'))
    expect(a.listener.greetings).toEqual([])
    bare.destroy()
    plain.destroy()
  })

  test('another member, in the place of one that has not said its name yet', async () => {
    const pending = { knownAs: contact('', 1), own: contact('', 1) }
    await expectRefusal(
      await dials(authority.peer(['c']), pending),
      /that of member c, which is another one than b: member c/,
    )
    const elsewhere = await dials(authority.peer(['b'], { hosts: ['localhost'] }), pending)
    await expectRefusal(elsewhere, /names another host than 127.0.0.1, where member b is/)
  })

  test('another member, under the name that the first members have by their flags', async () => {
    const names = { ...authority.peer(['a']), firstNames: { b: 'b' } }
    const a = await start('a', names, { b: contact('', 1) })
    const b = await start('b', authority.peer(['d']), { a: contact('a', a.port), b: contact('', 1) })
    await expectRefusal({ a, b }, /is that of member d, and member b is called b/)
  })

  test('a stranger at an address with a zone, of which certificates know nothing', async () => {
    const own = writeContact({ name: 'b', peerUrls: ['https://[fe80::1%eth0]:1'] })
    const both = await dials(authority.peer(['b'], { hosts: ['fe80::2'] }), { knownAs: '', own })
    await expectRefusal(both, /names another host than fe80::1%eth0, where member b is/)
    const { b } = await dials(authority.peer(['b'], { hosts: ['fe80::1'] }), { knownAs: '', own })
    await expectWelcome(b)
  })

  test('a stranger whose certificate is not of the name that it says', async () => {
    const both = await dials(authority.peer(['c']), { knownAs: '' })
    await expectRefusal(both, /it says that it is called b/)
  })
})

describe('the side that dials', () => {
  test('compares the host', async () => {
    const a = await start('a', authority.peer(['a'], { hosts: ['localhost'] }), { b: contact('b', 1) })
    const b = await start('b', authority.peer(['b']), { a: contact('a', a.port), b: contact('b', 1) })
    await expectRefusal({ a, b }, /its certificate names another host: /)
    // By the name that is in it, it would have been the right one.
    const again = await start('c', authority.peer(['c']), { a: contact('a', a.port, 'localhost'), c: contact('c', 1) })
    await expectWelcome(again)
  })

  test('compares the member’s name', async () => {
    const a = await start('a', authority.peer(['c']), { b: contact('b', 1) })
    const b = await start('b', authority.peer(['b']), { a: contact('a', a.port) })
    await expectRefusal({ a, b }, /who answers there is somebody else: its certificate is that of member c/)
  })

  test('says what is missing where it has no certificate, and where the other side speaks plaintext', async () => {
    const bare = await start('b', undefined, { a: contact('a', 1) })
    await until(() => bare.told.some((message) => message.includes('no certificate to show (--peer-cert-file)')))
    const a = await start('a', undefined, {})
    const b = await start('b', authority.peer(['b']), { a: contact('a', a.port) })
    await expectRefusal({ a, b }, /it speaks TLS, and this member is reached by http:/)
  })
})

test('a member that has certificates and still listens in plaintext hears those that have none yet', async () => {
  const a = await start('a', authority.peer(['a']), { b: contact('b', 1) }, false)
  const plain = writeContact({ name: 'a', peerUrls: [`http://127.0.0.1:${a.port}`] })
  const b = await start('b', undefined, { a: plain, b: contact('b', 1) })
  await expectWelcome(b)
})

test('handshakes that nobody ends hold up neither a member nor the end of the port', async () => {
  const a = await start('a', authority.peer(['a']), { b: contact('b', 1) }, true, 600_000)
  const idle = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = connectPlain(a.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      return socket
    }),
  )
  const b = await start('b', authority.peer(['b']), { a: contact('a', a.port), b: contact('b', 1) })
  await expectWelcome(b)
  // More of them than are allowed: the oldest had to go.
  await until(() => idle.filter((socket) => socket.destroyed || socket.closed || socket.readableEnded).length >= 8)
  const held = idle.filter((socket) => !(socket.destroyed || socket.closed || socket.readableEnded))
  expect(held.length).toBeGreaterThan(0)
  // They would end by themselves only after the time that a handshake may take, which is longer than this test may.
  await b.transport.close()
  await a.transport.close()
})
