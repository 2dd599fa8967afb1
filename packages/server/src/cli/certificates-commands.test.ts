import { X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memberNamesIn, memberUri, namesHost } from 'synod/runtime'
import { TestAuthority, withoutSubject, writePair } from '../testing/certificates.ts'
import { runHere, temporaryFolder } from '../testing/processes.ts'

// Goal: what an operator asks for is made, with nothing lost and nothing open that should not be. Method: the command
// itself; what it has made is read by Node.js, which is OpenSSL, and used in handshakes.

interface Folder {
  readonly path: string
  readonly create: (
    ...args: string[]
  ) => Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  readonly read: (file: string) => X509Certificate
  readonly mode: (file: string) => string
}

function folder(): Folder {
  const temporary = temporaryFolder()
  onTestFinished(() => temporary[Symbol.dispose]())
  const path = `${temporary.path}/certificates`
  return {
    path,
    create: async (...args) => runHere(['certificates', 'create', '--directory', path, ...args]),
    read: (file) => new X509Certificate(readFileSync(`${path}/${file}`)),
    mode: (file) => (statSync(`${path}/${file}`).mode & 0o777).toString(8),
  }
}

const members = ['--members', 'a=10.0.0.1,b=b.example,b=fd00::2']

describe('certificates create', () => {
  test('makes an authority, and for each member what it needs, with its name in it', async () => {
    const { create, read } = folder()
    const { code, stdout } = await create(...members)
    expect(code).toBe(0)
    const authority = read('ca.crt')
    expect(authority.ca).toBe(true)
    const peer = read('members/b/peer.crt')
    expect(memberNamesIn(peer)).toEqual(['b'])
    expect(['b.example', 'fd00::2', '10.0.0.1', 'b'].map((host) => namesHost(peer, host))).toEqual([
      true,
      true,
      false,
      false,
    ])
    const server = read('members/a/server.crt')
    expect(memberNamesIn(server)).toEqual([])
    expect(['10.0.0.1', 'localhost', '127.0.0.1', '::1'].every((host) => namesHost(server, host))).toBe(true)
    const client = read('clients/client/client.crt')
    for (const one of [peer, server, client]) {
      expect(one.checkIssued(authority) && one.verify(authority.publicKey)).toBe(true)
      expect(one.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
    }
    const oid = '1.3.6.1.5.5.7.3.'
    expect([peer.keyUsage, server.keyUsage, client.keyUsage]).toEqual([
      [`${oid}1`, `${oid}2`],
      [`${oid}1`],
      [`${oid}2`],
    ])
    // And says how each is started.
    expect(stdout).toContain('--initial-cluster a=https://10.0.0.1:2380,b=https://b.example:2380')
    expect(stdout).toMatch(/--name b[^]*--peer-cert-file [^ ]*members\/b\/peer.crt/)
  })

  test('keeps keys and directories to their owner', async () => {
    const { create, mode, path } = folder()
    await create(...members)
    expect(['', 'members', 'members/a', 'clients/client'].map(mode)).toEqual(['700', '700', '700', '700'])
    expect(['ca.key', 'members/a/peer.key', 'members/a/server.key', 'clients/client/client.key'].map(mode)).toEqual(
      Array.from({ length: 4 }, () => '600'),
    )
    expect(['ca.crt', 'members/a/ca.crt', 'members/a/peer.crt'].map(mode)).toEqual(['644', '644', '644'])
    chmodSync(path, 0o755)
    expect((await create('--client', 'app')).stdout).toContain('chmod 700')
  })

  test('adds a member and a client with the same authority, and overwrites nothing', async () => {
    const { create, read } = folder()
    await create(...members)
    const before = read('ca.crt').fingerprint256
    const one = read('members/a/peer.crt').fingerprint256
    const again = await create('--members', 'a=10.0.0.1,c=10.0.0.3')
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/members\/a: there already/) as string })
    expect(() => read('members/c/peer.crt')).toThrow('ENOENT')
    const added = await create('--members', 'c=10.0.0.3', '--client', 'app')
    expect(added.stdout).toMatch(/synod member add c --peer-urls https:\/\/10.0.0.3:2380/)
    expect(read('ca.crt').fingerprint256).toBe(before)
    expect(read('members/a/peer.crt').fingerprint256).toBe(one)
    expect(read('members/c/peer.crt').checkIssued(read('ca.crt'))).toBe(true)
    expect(read('clients/app/client.crt').subject).toContain('CN=app')
    expect((await create()).stderr).toContain('has an authority already')
  })

  test('renews all that is there, hosts and names included, or what is named', async () => {
    const { create, read } = folder()
    await create(...members, '--days', '10')
    const before = ['members/a/peer.crt', 'members/b/server.crt', 'clients/client/client.crt'].map((file) => read(file))
    expect((await create('--renew')).code).toBe(0)
    const after = ['members/a/peer.crt', 'members/b/server.crt', 'clients/client/client.crt'].map((file) => read(file))
    for (const [i, one] of after.entries()) {
      expect(one.serialNumber).not.toBe(before[i]?.serialNumber)
      expect(new Set(one.subjectAltName?.split(', '))).toEqual(new Set(before[i]?.subjectAltName?.split(', ')))
      expect(Date.parse(one.validTo) - Date.now()).toBeGreaterThan(360 * 86_400_000)
    }
    await create('--renew', '--members', 'a=10.9.9.9')
    expect(namesHost(read('members/a/peer.crt'), '10.9.9.9')).toBe(true)
    expect(read('members/b/server.crt').serialNumber).toBe(after[1]?.serialNumber)
  })

  test('nothing outlives its authority, and it says so', async () => {
    const { create, read } = folder()
    const { stdout } = await create(...members, '--authority-days', '30')
    expect(stdout).toContain('when the authority ends')
    expect(read('members/a/peer.crt').validTo).toBe(read('ca.crt').validTo)
  })

  const wrong: [string, string[], RegExp][] = [
    ['no member', [], /--members is missing/],
    ['a host that is a URL', ['--members', 'a=https://10.0.0.1:2380'], /without scheme and port/],
    ['a host that is no address', ['--members', 'a=10.0.0.256'], /expected a host's name or address/],
    ['no name', ['--members', '10.0.0.1'], /expected name=host/],
    ['a name that is a path', ['--members', '../a=10.0.0.1'], /--members: "\.\.\/a"/],
    ['nothing to renew', ['--renew'], /has no authority \(ca.crt\)/],
  ]
  test.each(wrong)('%s is refused', async (_, args, says) => {
    const { stderr, code } = await folder().create(...args)
    expect(stderr).toMatch(says)
    expect(code).not.toBe(0)
  })

  test('an authority without its key, with another one, or of another tool, signs nothing', async () => {
    const { create, path } = folder()
    await create(...members)
    renameSync(`${path}/ca.key`, `${path}/elsewhere`)
    expect((await create('--client', 'app')).stderr).toContain('put the key of')
    const other = new TestAuthority()
    writePair(path, 'ca', other.issue())
    expect((await create('--client', 'app')).stderr).toContain('is no authority’s certificate')
    writeFileSync(`${path}/ca.crt`, other.pem)
    expect((await create('--client', 'app')).stderr).toContain('is not the key of')
  })
})

test('certificates show says whose they are and how long, and fails for one that is not valid', async () => {
  const { create, path } = folder()
  await create(...members)
  const files = [`${path}/ca.crt`, `${path}/members/b/peer.crt`]
  const { code, stdout } = await runHere(['certificates', 'show', ...files])
  expect(code).toBe(0)
  expect(stdout).toMatch(/members\/b\/peer.crt +peer +b +Synod authority .*member b, b.example, fd00::2 .* 364$/m)
  const expired = writePair(path, 'old', new TestAuthority().issue({ from: -3, to: -1 }))
  const json = await runHere(['certificates', 'show', '--json', expired.cert])
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({
    certificates: [{ valid: false, daysLeft: expect.closeTo(-2, 0) as number }],
  })
  expect((await runHere(['certificates', 'show', expired.key])).stderr).toContain('has no certificate in PEM')
  expect((await runHere(['certificates', 'show', path])).stderr).toContain('is a directory')
  writeFileSync(`${path}/nameless.crt`, withoutSubject)
  const nameless = await runHere(['certificates', 'show', `${path}/nameless.crt`])
  expect(nameless.stdout).toMatch(/nameless.crt +client +- +- +- /)
})

test('any name of a member comes back out of its certificate, and no host passes for one', () => {
  const authority = new TestAuthority()
  const names = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 64 })
    .filter((name) => /^[^\s=,/\\]{1,64}$/.test(name))
  fc.assert(
    fc.property(names, (name) => {
      const { x509 } = authority.parsed({ name, members: [name], hosts: ['synod.member.a', 'member'] })
      expect(memberNamesIn(x509)).toEqual([name])
    }),
    { numRuns: 30 },
  )
  const { x509 } = authority.parsed({ hosts: ['URI:synod:member:a', 'a, URI:synod:member:b'] })
  expect(memberNamesIn(x509)).toEqual([])
  expect(memberUri("it's")).toBe('synod:member:it%27s')
})

test('what is made is good for a handshake under each kind of address', async () => {
  const authority = new TestAuthority()
  const addresses = ['127.0.0.1', '::1', '::ffff:10.1.2.3', 'fd00::a:0:1', 'kv.example']
  const { certificate, key } = authority.issue({ hosts: addresses })
  const x509 = new X509Certificate(certificate)
  expect(addresses.filter((host) => !namesHost(x509, host))).toEqual([])
  const server = createServer({ cert: certificate, key })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  const socket = connect({ host: '127.0.0.1', port: Object(at).port as number, ca: authority.pem })
  await new Promise<void>((resolve, reject) => {
    socket.on('secureConnect', resolve)
    socket.on('error', reject)
  })
  expect(socket.authorized).toBe(true)
  socket.destroy()
})
