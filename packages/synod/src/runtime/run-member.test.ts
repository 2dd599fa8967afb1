import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { assert, type Halt, type Host, type Logger, type NodeId, type Ports, type Refusal } from '../core/index.ts'
import { writeContact } from '../member/index.ts'
import { type StartMemberOptions, type RunningMember, startMember } from './run-member.ts'

const cluster = '0123456789abcdef'
const patience = { timeout: 10_000, interval: 5 }
const nothing = (): void => {}
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

let root: string
let running: RunningMember[]
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'synod-member-'))
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((member) => member.close()))
  fs.rmSync(root, { recursive: true })
})

/** A member in miniature: writes down what arrives, and passes it on once that is durable. */
class Scribe implements Host {
  readonly ports: Ports
  readonly next: NodeId
  heard = 0
  failing = false
  constructor(ports: Ports, next: NodeId, port: number) {
    this.ports = ports
    this.next = next
    ports.links.reconfigure({ [next]: writeContact({ peerUrls: [`http://127.0.0.1:${port}`] }) })
  }
  arrived(_: NodeId, frame: Uint8Array): void {
    assert(!this.failing, 'a scribe does not fail')
    const failure = this.ports.disk.write('heard', this.heard++, frame)
    if (failure !== undefined) return this.ports.halt({ code: 'disk', message: failure.message, cause: failure })
    this.ports.disk.sync('heard', () => this.ports.endOfTurn())
  }
  flush(): void {
    this.ports.links.send(this.next, 'urgent', [Uint8Array.of(this.heard)])
    if (this.failing) this.ports.halt({ code: 'disk', message: 'cannot go on' })
  }
  greeted(_: unknown, answer: (refusal: Refusal | undefined) => void): void {
    answer(undefined)
  }
  alarm(): void {}
  refused(): void {}
  connected(): void {
    if (this.heard === 0) this.ports.endOfTurn()
  }
  introduce(): undefined {}
}

const halts: Halt[] = []

async function start(
  id: NodeId,
  next: NodeId,
  port: number,
  changes: Partial<StartMemberOptions> = {},
): Promise<{ scribe: Scribe; member: RunningMember }> {
  let scribe: Scribe | undefined
  const member = await startMember({
    directory: join(root, id),
    listen: { host: '127.0.0.1', port: 0 },
    log: silent,
    onHalt: (halt) => void halts.push(halt),
    limits: { backoffMin: 5, backoffMax: 20 },
    open: (ports) => {
      scribe = new Scribe(ports, next, port)
      return { host: scribe, identity: Promise.resolve({ cluster, id, diskId: `disk-${id}`, protocol: 'raft' }) }
    },
    ...changes,
  })
  running.push(member)
  if (scribe === undefined) throw new Error('the member was not opened')
  return { scribe, member }
}

/** Not one of those that the system gives to whoever asks for any: once it is left, nobody else gets it by chance. */
async function startAtOwnPort(id: NodeId): ReturnType<typeof start> {
  for (let tries = 0; ; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    try {
      return await start(id, 'nobody', 1, { listen: { host: '127.0.0.1', port } })
    } catch (error) {
      if (tries === 20) throw error
    }
  }
}

test('a member runs over its directory and its peers, and leaves both when it is closed', async () => {
  const b = await startAtOwnPort('b')
  const a = await start('a', 'b', b.member.port)
  await vi.waitFor(() => expect(b.scribe.heard).toBe(1), patience)
  a.member.enter(() => a.scribe.flush())
  await vi.waitFor(() => expect(b.scribe.heard).toBe(2), patience)
  expect(fs.readFileSync(join(root, 'b', 'heard')).length).toBe(2)
  await expect(start('b', 'nobody', 1)).rejects.toThrow(`${join(root, 'b')} is in use by process ${process.pid}`)
  await b.member.close()
  const again = await start('b', 'nobody', 1, { listen: { host: '127.0.0.1', port: b.member.port } })
  expect(again.member.port).toBe(b.member.port)
})

test('a broken invariant halts the member: it is told once, and nothing is sent any more', async () => {
  halts.length = 0
  const b = await start('b', 'nobody', 1)
  const a = await start('a', 'b', b.member.port)
  const c = await start('c', 'a', a.member.port)
  await vi.waitFor(() => expect(a.scribe.heard).toBe(1), patience)
  await vi.waitFor(() => expect(b.scribe.heard).toBe(2), patience)
  a.scribe.failing = true
  c.member.enter(() => c.scribe.flush())
  await vi.waitFor(() => expect(halts.length).toBe(1), patience)
  expect(halts[0]).toMatchObject({ code: 'assertion', message: 'a claim does not hold: a scribe does not fail' })
  a.member.enter(() => a.scribe.flush())
  expect(a.scribe.ports.links.send('b', 'urgent', [Uint8Array.of(1)])).toBe(false)
  // what b hears next is not of a
  c.scribe.ports.links.send('a', 'urgent', [Uint8Array.of(2)])
  const d = await start('d', 'b', b.member.port)
  await vi.waitFor(() => expect(b.scribe.heard).toBe(3), patience)
  expect([halts.length, d.scribe.heard]).toEqual([1, 0])
})

test('what a member sends and then halts in the same turn never leaves', async () => {
  halts.length = 0
  const b = await start('b', 'nobody', 1)
  const a = await start('a', 'b', b.member.port)
  await vi.waitFor(() => expect(b.scribe.heard).toBe(1), patience)
  a.scribe.failing = true
  a.member.enter(() => a.scribe.flush())
  expect(halts.map((halt) => halt.code)).toEqual(['disk'])
  await start('d', 'b', b.member.port)
  await vi.waitFor(() => expect(b.scribe.heard).toBe(2), patience)
})

test('a start that fails gives the directory and the port back', async () => {
  const b = await start('b', 'nobody', 1)
  const taken = { listen: { host: '127.0.0.1', port: b.member.port } }
  await expect(start('a', 'b', 1, taken)).rejects.toMatchObject({ name: 'StartFailed', detail: { code: 'address' } })
  const leftover = join(root, 'a', '.filling-spare')
  fs.mkdirSync(leftover)
  await expect(start('a', 'b', 1)).rejects.toMatchObject({ name: 'StartFailed', detail: { code: 'directory' } })
  fs.rmdirSync(leftover)
  await start('a', 'b', b.member.port)
})

test('a member that halts while it opens never listens, and says why', async () => {
  halts.length = 0
  const failing = start('a', 'b', 1, {
    open: (ports) => {
      ports.disk.list(() => ports.halt({ code: 'corrupt', message: 'the identity cannot be read' }))
      return { host: new Scribe(ports, 'b', 1), identity: new Promise(() => {}) }
    },
  })
  await expect(failing).rejects.toMatchObject({ name: 'HaltedAtStart', halt: { code: 'corrupt' } })
  expect(halts).toEqual([])
  await start('a', 'b', 1)
})
