import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import grpc from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { connect, serve } from 'synod/grpc'
import type { GrpcServer, ServeOptions, ServerTls, Unary } from 'synod/grpc'
import { silent } from '../testing/one-node.ts'
import { TestAuthority } from '../testing/certificates.ts'
import { until } from '../testing/until.ts'

// Goal: at the port for clients, TLS is what it promises: who has to show a certificate is not heard without, nothing old is
// spoken, and what goes wrong is told. Method: the server alone, with @grpc/grpc-js, our client and bare sockets.

const path = '/example.Echo/Echo'
const echo = { unary: (call: Unary, message: Uint8Array) => call.respond(message) }
const authority = new TestAuthority()
const own = authority.issue({ name: 'server', hosts: ['127.0.0.1', 'kv.example'], purposes: ['server'] })
const client = authority.issue({ name: 'client', hosts: [], purposes: ['client'] })
const shown = { cert: client.certificate, key: client.key }

const endings: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

interface Started {
  readonly server: GrpcServer
  readonly port: number
  readonly warnings: string[]
  readonly debug: string[]
  readonly renew: (options: SecureContextOptions) => void
}

async function start(changes: Partial<ServerTls> = {}, more: Partial<ServeOptions> = {}): Promise<Started> {
  const [warnings, debug]: [string[], string[]] = [[], []]
  const log = { ...silent, warn: (text: string) => warnings.push(text), debug: (text: string) => debug.push(text) }
  let options: SecureContextOptions = {
    cert: own.certificate,
    key: own.key,
    ca: authority.pem,
    minVersion: 'TLSv1.2',
  }
  const listeners = new Set<() => void>()
  const tls: ServerTls = {
    options: () => options,
    onRenewed: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    requiresCertificate: true,
    refuses: () => undefined,
    ...changes,
  }
  const server = serve({ routes: new Map([[path, echo]]), log, tls, ...more })
  endings.push(async () => server.close())
  const { port } = await server.listen('127.0.0.1', 0)
  const renew = (next: SecureContextOptions): void => {
    options = { ...options, ...next }
    for (const listener of listeners) listener()
  }
  return { server, port, warnings, debug, renew }
}

/** Our client's answer, or why there is none and whether the call may have been heard. */
async function ask(
  port: number,
  tls: Parameters<typeof connect>[2] = { tls: { ca: authority.pem, ...shown } },
  host = '127.0.0.1',
): Promise<unknown> {
  const channel = connect(host, port, tls)
  try {
    const answer = await channel.unary(path, Uint8Array.of(1, 2), { timeout: 5000 })
    return [...answer]
  } catch (error) {
    return error instanceof Error ? error : String(error)
  } finally {
    channel.close()
  }
}

/** A bare handshake: the socket, once the other side has taken it or not. */
async function shake(port: number, options: object): Promise<TLSSocket | Error> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: authority.pem, ...options })
  endings.push(() => void socket.destroy())
  return new Promise((resolve) => {
    socket.on('error', resolve)
    socket.on('secureConnect', () => resolve(socket))
  })
}

describe('over TLS', () => {
  test('our client and @grpc/grpc-js are answered, and HTTP/1.1 is by ALPN', async () => {
    const { port, server } = await start()
    expect(await ask(port)).toEqual([1, 2])
    const credentials = grpc.credentials.createSsl(
      Buffer.from(authority.pem),
      Buffer.from(client.key),
      Buffer.from(client.certificate),
    )
    // Node.js lets nobody name an address in SNI, and this client would.
    const named = { 'grpc.ssl_target_name_override': 'kv.example' }
    const other = new grpc.Client(`127.0.0.1:${port}`, credentials, named)
    const same = (bytes: Buffer): Buffer => bytes
    const answer = await new Promise((resolve) => {
      other.makeUnaryRequest(path, same, same, Buffer.of(7), (error, value) => resolve(error ?? value))
    })
    other.close()
    expect(answer).toEqual(Buffer.of(7))
    const status = await new Promise((resolve, reject) => {
      const agent = new Agent({ ca: authority.pem, ...shown, ALPNProtocols: ['http/1.1'] })
      request({ host: '127.0.0.1', port, path: '/', agent })
        .on('response', (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(400)
    expect(server.counters.handshakesFailed).toBe(0)
  })

  test('by ALPN who offers both has HTTP/1.1, as the pages are there; who offers neither is refused', async () => {
    const { port } = await start()
    expect(await shake(port, { ...shown, ALPNProtocols: ['h2', 'http/1.1'] })).toMatchObject({
      alpnProtocol: 'http/1.1',
    })
    expect(await shake(port, { ...shown, ALPNProtocols: ['h2'] })).toMatchObject({ alpnProtocol: 'h2' })
    expect(await shake(port, { ...shown, ALPNProtocols: ['smtp'] })).toBeInstanceOf(Error)
  })

  test('a large answer comes whole', async () => {
    const large = new Uint8Array(1_500_000).map((_, i) => i)
    const { port } = await start()
    const channel = connect('127.0.0.1', port, { tls: { ca: authority.pem, ...shown } })
    endings.push(() => channel.close())
    expect(Buffer.compare(await channel.unary(path, large), large)).toBe(0)
  })

  test('what is under way is answered before a server that stops hangs up', async () => {
    const calls: Unary[] = []
    const slow = { unary: (call: Unary) => void calls.push(call) }
    const { port, server } = await start({}, { routes: new Map([[path, slow]]) })
    const answer = ask(port)
    await until(() => calls.length === 1)
    const drained = server.drain(5000)
    calls[0]?.respond(Uint8Array.of(9))
    expect(await answer).toEqual([9])
    await drained
  })
})

describe('whoever is not allowed is not heard, and knows that nothing was done', () => {
  test('no certificate', async () => {
    const { port, debug, server } = await start()
    const error = await ask(port, { tls: { ca: authority.pem } })
    expect(error).toMatchObject({ code: 14, mayHaveBeenSent: false })
    expect(String(error)).toContain('the other side requires a certificate, and none was shown')
    await until(() => server.counters.handshakesFailed === 1)
    expect(debug.join()).toContain('it has shown no certificate, and one is required')
  })

  test('where none is required, none is needed', async () => {
    const { port } = await start({ requiresCertificate: false })
    expect(await ask(port, { tls: { ca: authority.pem } })).toEqual([1, 2])
  })

  const another = new TestAuthority('another')
  const expired = authority.issue({ purposes: ['client'], to: -0.1 })
  const early = authority.issue({ purposes: ['client'], from: 1 })
  const strange = another.issue({ purposes: ['client'] })
  const cases = [
    { name: 'of another authority', pair: strange, says: 'of an authority that is not trusted here' },
    { name: 'that has expired', pair: expired, says: 'its certificate has expired' },
    { name: 'that is not valid yet', pair: early, says: 'not valid yet: compare the clocks' },
    { name: 'for servers', pair: own, says: 'not made for this side of a connection' },
  ]
  test.each(cases)('a certificate $name', async ({ pair, says }) => {
    const { port, debug } = await start()
    const error = await ask(port, { tls: { ca: authority.pem, cert: pair.certificate, key: pair.key } })
    expect(error).toMatchObject({ code: 14 })
    await until(() => debug.some((line) => line.includes(says)))
  })

  test('a certificate that the settings do not allow', async () => {
    const { port, debug } = await start({
      refuses: (certificate) => `not ${certificate.subject.replaceAll('\n', ' ')}`,
    })
    expect(await ask(port)).toMatchObject({ code: 14 })
    await until(() => debug.some((line) => line.includes('turned away: not O=Synod CN=client')))
  })

  test('a session that is resumed, where its certificate is not allowed any more', async () => {
    let allowed = true
    const { port, debug } = await start({ refuses: () => (allowed ? undefined : 'not any more') })
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      allowed = true
      const first = await shake(port, { ...shown, maxVersion })
      if (first instanceof Error) throw first
      // With TLS 1.3 it comes after the handshake.
      const session = maxVersion === 'TLSv1.2' ? first.getSession() : ((await once(first, 'session')) as [Buffer])[0]
      const again = await shake(port, { ca: authority.pem, maxVersion, session })
      if (again instanceof Error) throw again
      expect([again.isSessionReused(), again.destroyed]).toEqual([true, false])
      again.resume()
      allowed = false
      const refused = await shake(port, { ca: authority.pem, maxVersion, session })
      if (!(refused instanceof Error) && !refused.closed) await once(refused.resume(), 'close')
      await until(() => debug.some((line) => line.includes('not any more')))
      debug.length = 0
    }
  })

  test('TLS 1.1', async () => {
    const { port, debug } = await start()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    expect(await shake(port, { ...shown, ...old })).toMatchObject({
      code: expect.stringContaining('PROTOCOL_VERSION') as string,
    })
    await until(() => debug.some((line) => line.includes('offers no version of TLS that is allowed here')))
    expect(await shake(port, { ...shown, maxVersion: 'TLSv1.2' })).toMatchObject({ authorized: true })
  })

  test('plaintext, of which the operator hears, though not each time', async () => {
    const { port, warnings, server } = await start()
    for (let i = 0; i < 3; i++) {
      const error = await ask(port, {})
      expect(error).toMatchObject({ code: 14, mayHaveBeenSent: false })
      expect(String(error)).toContain('This port speaks TLS: https:// is wanted, and --cacert')
    }
    await until(() => server.counters.handshakesFailed === 3)
    expect(warnings).toEqual([expect.stringContaining('has to use https://')])
  })

  test('TLS, where the port speaks plaintext', async () => {
    const { port, debug } = await start({}, { tls: undefined })
    const error = await ask(port)
    expect(error).toMatchObject({ code: 14, mayHaveBeenSent: false })
    expect(String(error)).toContain('the other side speaks plaintext where TLS is expected')
    expect(debug).toEqual([expect.stringContaining('speaks TLS to a port of plaintext')])
  })
})

describe('our client', () => {
  test('compares the host, and believes no authority but those that it is given', async () => {
    const { port } = await start()
    expect(String(await ask(port, undefined, 'localhost'))).toContain('its certificate names another host')
    const others = { tls: { ca: new TestAuthority('another').pem, ...shown } }
    expect(String(await ask(port, others))).toContain('of an authority that is not trusted here')
    expect(String(await ask(port, { tls: shown }))).toContain('of an authority that is not trusted here')
  })

  test('believes everybody where it is told to', async () => {
    const { port } = await start()
    expect(await ask(port, { tls: { ...shown, insecureSkipVerify: true } }, 'localhost')).toEqual([1, 2])
  })
})

describe('a port of TLS', () => {
  test('closes who does not end its handshake in time, and at once when it is closed itself', async () => {
    const { port, debug } = await start({}, { limits: { handshakeTimeoutMs: 200 } })
    const slow = connectPlain(port, '127.0.0.1')
    endings.push(() => void slow.destroy())
    let closed = false
    slow.resume().on('close', () => (closed = true))
    await until(() => closed)
    expect(debug.join()).toContain('took too long')
    // By itself it would end after the time that a handshake may take, which is longer than this test may.
    const { port: another, server } = await start({}, { limits: { handshakeTimeoutMs: 600_000 } })
    const idle = connectPlain(another, '127.0.0.1')
    idle.on('error', () => undefined)
    await once(idle, 'connect')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.close()
  })

  test('shows new connections a certificate that was exchanged, and believes the new authority', async () => {
    const { port, renew } = await start()
    const old = connect('127.0.0.1', port, { tls: { ca: authority.pem, ...shown } })
    endings.push(() => old.close())
    await old.unary(path, Uint8Array.of(1))
    const before = await shake(port, { ...shown, maxVersion: 'TLSv1.2' })
    const session = before instanceof Error ? undefined : before.getSession()
    const next = new TestAuthority('the next')
    const pair = next.issue({ purposes: ['server'] })
    const theirs = next.issue({ purposes: ['client'] })
    renew({ cert: pair.certificate, key: pair.key, ca: next.pem })
    // Who is connected stays so.
    expect([...(await old.unary(path, Uint8Array.of(1)))]).toEqual([1])
    expect(await ask(port, { tls: { ca: next.pem, cert: theirs.certificate, key: theirs.key } })).toEqual([1, 2])
    expect(await ask(port, { tls: { ca: next.pem, ...shown } })).toMatchObject({ code: 14 })
    // Nor does a session that was begun before bring the old certificate back.
    const resumed = await shake(port, { ca: [authority.pem, next.pem], maxVersion: 'TLSv1.2', session })
    expect(resumed).toBeInstanceOf(Error)
  })
})
