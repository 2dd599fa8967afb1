import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDirectory } from './directory-lock.ts'

let directory: string
let children: ChildProcess[]
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'synod-lock-'))
  children = []
})
afterEach(async () => {
  await Promise.all(children.map(kill))
  fs.rmSync(directory, { recursive: true })
})

/** Another process that tries to take the lock: says "locked" and stays, or says why not and ends. */
const program = `
  const { lockDirectory } = await import(process.argv[1])
  try {
    await lockDirectory(process.argv[2])
    console.log('locked')
    setInterval(() => {}, 1000)
  } catch (error) {
    console.log(error.message)
  }
`
async function starter(): Promise<{ process: ChildProcess; says: string }> {
  const lockModule = new URL('directory-lock.ts', import.meta.url).href
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, lockModule, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { process: child, says: said.toString().trim() }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a second process is refused, and told which process has which directory', async () => {
  const first = await starter()
  expect(first.says).toBe('locked')
  await expect(lockDirectory(directory)).rejects.toMatchObject({
    name: 'StartFailed',
    detail: { code: 'locked', directory, pid: first.process.pid },
  })
  const second = await starter()
  expect(second.says).toContain(directory)
  expect(second.says).toContain(`process ${first.process.pid}`)
})

test('an owner that was killed with SIGKILL leaves nothing that has to be cleaned up', async () => {
  const first = await starter()
  await kill(first.process)
  expect(fs.readdirSync(directory)).toContain('.lock')
  const lock = await lockDirectory(directory)
  expect((await starter()).says).toContain(`process ${process.pid}`)
  lock.release()
  expect((await starter()).says).toBe('locked')
})

test('the id of a dead owner may belong to a process that lives now', async () => {
  const first = await starter()
  await kill(first.process)
  // as if the system had given the dead owner's id to this process
  fs.writeFileSync(join(directory, '.lock-owner'), `${process.ppid}\n`)
  const lock = await lockDirectory(directory)
  expect(fs.readFileSync(join(directory, '.lock-owner'), 'utf8')).toBe(`${process.pid}\n`)
  lock.release()
})

test('of several that race for the lock of a dead owner, exactly one wins', async () => {
  const first = await starter()
  await kill(first.process)
  const racers = await Promise.all(Array.from({ length: 4 }, starter))
  expect(racers.filter((racer) => racer.says === 'locked').length).toBe(1)
  expect(racers.filter((racer) => racer.says.includes('is in use')).length).toBe(3)
})

test('one process cannot take the same directory twice, and the attempt does not drop its lock', async () => {
  const lock = await lockDirectory(directory)
  await expect(lockDirectory(directory)).rejects.toThrow(`in use by process ${process.pid}`)
  expect((await starter()).says).toContain('is in use')
  lock.release()
  lock.release()
  const again = await lockDirectory(directory)
  again.release()
})

test('a file of somebody else under the lock’s name is left alone and named', async () => {
  fs.writeFileSync(join(directory, '.lock'), 'this is no lock, and longer than a hundred bytes. '.repeat(4))
  await expect(lockDirectory(directory)).rejects.toThrow(/\.lock .*something else than a lock/u)
  expect(fs.readFileSync(join(directory, '.lock'), 'utf8')).toContain('no lock')
})

test('the lock is its owner’s alone', async () => {
  const lock = await lockDirectory(directory)
  for (const name of fs.readdirSync(directory)) expect(fs.statSync(join(directory, name)).mode & 0o077, name).toBe(0)
  lock.release()
})

test('a directory that cannot be written is refused with its name', async () => {
  await expect(lockDirectory(join(directory, 'missing'))).rejects.toThrow(join(directory, 'missing'))
})
