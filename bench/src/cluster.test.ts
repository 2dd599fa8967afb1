import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { freePorts, type Place, ServerProcess } from './cluster.ts'

const opened: { process: ServerProcess; folder: string }[] = []

afterEach(async () => {
  for (const { process, folder } of opened.splice(0)) {
    await process.kill()
    rmSync(folder, { recursive: true })
  }
})

/** A "server" that runs the given program, and the list of how it died by itself. */
function serverOf(program: string): { server: ServerProcess; deaths: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'synod-cluster-test-'))
  const place: Place = { name: 'n1', clientPort: 1, peerPort: 2, knownPeerPort: 3 }
  const command = { program: process.execPath, arguments: ['-e', program, '--'] }
  const server = new ServerProcess(command, place, [place], folder)
  const deaths: string[] = []
  server.onDeath = (how) => deaths.push(how)
  opened.push({ process: server, folder })
  return { server, deaths }
}

const prints = "console.log('up', process.argv.slice(1).join(' ')); setInterval(() => {}, 1000)"

test('a member gets the flags of etcd, and is known by the port of the network', async () => {
  const { server } = serverOf(prints)
  server.start()
  await expect.poll(() => server.logTail(1)).toContain('up')
  expect(readFileSync(server.logFile, 'utf8')).toContain(
    `--name n1 --data-dir ${server.directory} --listen-client-urls http://127.0.0.1:1 ` +
      '--advertise-client-urls http://127.0.0.1:1 --listen-peer-urls http://127.0.0.1:2 ' +
      '--initial-advertise-peer-urls http://127.0.0.1:3 --initial-cluster n1=http://127.0.0.1:3',
  )
})

test('a member that is killed, frozen or not, is gone afterwards, and nobody calls it a death of its own', async () => {
  const { server, deaths } = serverOf(prints)
  for (const frozen of [false, true]) {
    server.start()
    const { pid } = server
    if (frozen) server.freeze()
    await server.kill()
    expect(server.running).toBe(false)
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  }
  expect(deaths).toEqual([])
})

test('a member that ends by itself is noticed', async () => {
  const { server, deaths } = serverOf('process.exit(7)')
  server.start()
  await expect.poll(() => deaths).toEqual(['ended by itself with exit code 7'])
  expect(server.running).toBe(false)
  expect(() => server.pid).toThrow('n1 does not run')
})

test('free ports are different ones', async () => {
  const ports = await freePorts(20)
  expect(new Set(ports).size).toBe(20)
})
