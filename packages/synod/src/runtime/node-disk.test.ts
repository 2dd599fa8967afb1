import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DiskError } from '../core/index.ts'
import { createDirectory, NodeDisk } from './node-disk.ts'

let directory: string
let disk: NodeDisk
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'synod-disk-'))
  disk = new NodeDisk(directory, (call) => call())
})
afterEach(async () => {
  vi.restoreAllMocks()
  await disk.close()
  fs.rmSync(directory, { recursive: true })
})

/** An operation's outcome, and that it never came inside the call that asked for it. */
function outcome<T>(ask: (done: (outcome: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let returned = false
    ask((result) => (returned ? resolve(result) : reject(new Error('completed inside its own call'))))
    returned = true
  })
}

const text = (bytes: Uint8Array | DiskError): string => {
  if (bytes instanceof DiskError) throw bytes
  return new TextDecoder().decode(bytes)
}
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

test('what was written is read back, as many bytes as are there', async () => {
  expect(disk.write('log', 0, bytes('hello, ..'))).toBeUndefined()
  expect(disk.write('log', 7, bytes('world'))).toBeUndefined()
  expect(text(await outcome((done) => disk.read('log', 0, 100, done)))).toBe('hello, world')
  expect(text(await outcome((done) => disk.read('log', 7, 3, done)))).toBe('wor')
  expect(text(await outcome((done) => disk.read('log', 50, 3, done)))).toBe('')
  expect(await outcome((done) => disk.size('log', done))).toBe(12)
  expect(fs.statSync(join(directory, 'log')).mode & 0o777).toBe(0o600)
})

test('what is read is a plain array in memory of its own', async () => {
  disk.write('log', 0, bytes('abc'))
  const first = await outcome<Uint8Array | DiskError>((done) => disk.read('log', 0, 3, done))
  disk.write('log', 0, bytes('xyz'))
  expect(text(first)).toBe('abc')
  expect(Buffer.isBuffer(first)).toBe(false)
})

test('a file that is not there is told apart, by name and operation', async () => {
  for (const ask of [
    (done: (error: unknown) => void) => disk.read('gone', 0, 1, done),
    (done: (error: unknown) => void) => disk.size('gone', done),
    (done: (error: unknown) => void) => disk.sync('gone', done),
    (done: (error: unknown) => void) => disk.remove('gone', done),
    (done: (error: unknown) => void) => disk.rename('gone', 'to', done),
  ]) {
    const error = await outcome(ask)
    expect(error).toMatchObject({ name: 'DiskError', code: 'not-found' })
    expect(error instanceof DiskError ? error.message : '').toContain(join(directory, 'gone'))
  }
})

test('names appear, move and go; names of the runtime are not shown', async () => {
  fs.writeFileSync(join(directory, '.lock'), '')
  disk.write('b', 0, bytes('b'))
  disk.write('a', 0, bytes('a'))
  expect(await outcome((done) => disk.list(done))).toEqual(['a', 'b'])
  expect(await outcome((done) => disk.rename('a', 'b', done))).toBeUndefined()
  expect(await outcome((done) => disk.syncDirectory(done))).toBeUndefined()
  disk.write('b', 1, bytes('!'))
  expect(fs.readFileSync(join(directory, 'b'), 'utf8')).toBe('a!')
  expect(await outcome((done) => disk.remove('b', done))).toBeUndefined()
  expect(await outcome((done) => disk.list(done))).toEqual([])
  disk.write('b', 0, bytes('new'))
  expect(fs.readFileSync(join(directory, 'b'), 'utf8')).toBe('new')
})

test('a name that leaves the directory, or is the runtime’s, is a broken invariant', () => {
  for (const name of ['../x', 'a/b', '', '.', '..', '.lock', 'a\0b']) {
    expect(() => disk.write(name, 0, bytes('x')), JSON.stringify(name)).toThrow('plain file name')
  }
})

test('a full device is no-space, from a write and from an allocation that leaves nothing behind', async () => {
  fs.symlinkSync('/dev/full', join(directory, 'full'))
  expect(disk.write('full', 0, bytes('x'))).toMatchObject({ code: 'no-space' })
  fs.symlinkSync('/dev/full', join(directory, '.filling-spare'))
  const error = await outcome<DiskError | undefined>((done) => disk.allocate('spare', 4096, done))
  expect(error).toMatchObject({ code: 'no-space' })
  expect(fs.readdirSync(directory)).toEqual(['full'])
})

test('an allocated file has its size, its blocks and only zeros, and replaces what was there', async () => {
  const size = 9 * 1024 * 1024 + 17
  disk.write('spare', 0, bytes('old'))
  expect(await outcome((done) => disk.allocate('spare', size, done))).toBeUndefined()
  const stats = fs.statSync(join(directory, 'spare'))
  expect(stats.size).toBe(size)
  expect(stats.blocks * 512).toBeGreaterThanOrEqual(size)
  expect(fs.readFileSync(join(directory, 'spare')).every((byte) => byte === 0)).toBe(true)
  expect(disk.write('spare', 0, bytes('new'))).toBeUndefined()
  expect(text(await outcome((done) => disk.read('spare', 0, 4, done)))).toBe('new\0')
})

test('what an allocation of before a crash left is cleared away', async () => {
  fs.writeFileSync(join(directory, '.filling-spare'), 'half')
  const again = new NodeDisk(directory, (call) => call())
  expect(fs.readdirSync(directory)).toEqual([])
  await again.close()
})

test('a short write is continued until it is whole', () => {
  const write = fs.writeSync
  const short = vi.spyOn(fs, 'writeSync').mockImplementation((...call: unknown[]) => {
    const [fd, data, at, length, to] = call
    return write(
      Number(fd),
      data instanceof Uint8Array ? data : bytes(''),
      Number(at),
      Math.min(Number(length), 3),
      Number(to),
    )
  })
  expect(disk.write('log', 0, bytes('0123456789'))).toBeUndefined()
  expect(short).toHaveBeenCalledTimes(4)
  expect(fs.readFileSync(join(directory, 'log'), 'utf8')).toBe('0123456789')
})

test('what the disk cannot read is told apart from what fails otherwise', async () => {
  const broken = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
  disk.write('log', 0, bytes('0123456789'))
  vi.spyOn(fs, 'read').mockImplementation((...all: unknown[]) => {
    const done = all.at(-1)
    if (typeof done === 'function') setImmediate(() => void done(broken, 0))
  })
  expect(await outcome((done) => disk.read('log', 4, 3, done))).toMatchObject({
    code: 'unreadable',
    message: expect.stringMatching(/^cannot read at 4 of .*log: EIO: i\/o error, read$/),
  })
  vi.restoreAllMocks()
  expect(text(await outcome((done) => disk.read('log', 4, 3, done)))).toBe('456')
  vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw broken
  })
  expect(disk.write('log', 0, bytes('x'))).toMatchObject({ code: 'io' })
})

test('a write that makes no progress is an error, never ignored', () => {
  vi.spyOn(fs, 'writeSync').mockReturnValue(0)
  expect(disk.write('log', 0, bytes('x'))).toMatchObject({ code: 'io' })
})

test('a sync covers the writes of before it: one that is in flight does not count', async () => {
  const started: (() => void)[] = []
  const hold = (_: number, done: fs.NoParamCallback): void => void started.push(() => done(null))
  vi.spyOn(fs, 'fsync').mockImplementation(hold)
  vi.spyOn(fs, 'fdatasync').mockImplementation(hold)
  const done: string[] = []
  disk.write('log', 0, bytes('a'))
  disk.sync('log', () => done.push('a'))
  disk.write('log', 0, bytes('b'))
  disk.sync('log', () => done.push('b'))
  disk.sync('log', () => done.push('b too'))
  expect(started.length).toBe(1)
  started[0]?.()
  expect(done).toEqual(['a'])
  expect(started.length).toBe(2)
  started[1]?.()
  expect(done).toEqual(['a', 'b', 'b too'])
  expect(started.length).toBe(2)
})

test('a length that changed is synced with its file, and only then', async () => {
  const whole = vi.spyOn(fs, 'fsync')
  const data = vi.spyOn(fs, 'fdatasync')
  disk.write('log', 0, bytes('abc'))
  await outcome((done) => disk.sync('log', done))
  expect([whole.mock.calls.length, data.mock.calls.length]).toEqual([1, 0])
  disk.write('log', 0, bytes('xyz'))
  await outcome((done) => disk.sync('log', done))
  expect([whole.mock.calls.length, data.mock.calls.length]).toEqual([1, 1])
  disk.write('log', 2, bytes('longer'))
  await outcome((done) => disk.sync('log', done))
  expect([whole.mock.calls.length, data.mock.calls.length]).toEqual([2, 1])
})

test('after a failed sync no later one of that file succeeds', async () => {
  const broken = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  const failing = vi.spyOn(fs, 'fsync').mockImplementation((_, done) => void setImmediate(done, broken))
  disk.write('log', 0, bytes('a'))
  expect(await outcome((done) => disk.sync('log', done))).toMatchObject({ code: 'io' })
  failing.mockRestore()
  expect(await outcome((done) => disk.sync('log', done))).toMatchObject({ code: 'io' })
})

test('a rename is over before the sync of the directory that was asked after it', async () => {
  const order: string[] = []
  const rename = fs.rename
  vi.spyOn(fs, 'rename').mockImplementation((from, to, done) => void setTimeout(() => rename(from, to, done), 20))
  disk.write('a', 0, bytes('a'))
  disk.rename('a', 'b', () => order.push('renamed'))
  await outcome((done) => disk.syncDirectory(done))
  expect(order).toEqual(['renamed'])
})

test('closing waits for what is under way and gives every descriptor back', async () => {
  const open = (): number =>
    fs.readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
      } catch {
        return false
      }
    }).length
  let synced = false
  disk.write('a', 0, bytes('a'))
  disk.write('b', 0, bytes('b'))
  disk.sync('a', () => (synced = true))
  disk.remove('b', () => {})
  await disk.close()
  expect(synced).toBe(true)
  if (process.platform === 'linux') expect(open()).toBe(0)
  expect(() => disk.write('a', 0, bytes('a'))).toThrow('closed disk')
})

test('a new directory is its owner’s alone; a path that is a file is refused with its name', () => {
  const inner = join(directory, 'x', 'y')
  createDirectory(inner)
  expect(fs.statSync(inner).mode & 0o777).toBe(0o700)
  createDirectory(inner)
  fs.writeFileSync(join(directory, 'file'), '')
  expect(() => createDirectory(join(directory, 'file'))).toThrow(join(directory, 'file'))
  expect(() => createDirectory(join(directory, 'file', 'below'))).toThrow(join(directory, 'file', 'below'))
})

test.runIf(process.platform === 'linux')(
  'a directory where the system allows none is refused, not tried for ever',
  () => {
    expect(() => createDirectory('/proc/synod/data')).toThrow('the directory /proc/synod/data cannot be used')
  },
)
