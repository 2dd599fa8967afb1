import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePorts } from '../testing/ports.ts'
import { synod, temporaryFolder } from '../testing/processes.ts'
import { ServiceManager } from './service-manager.ts'

// Goal: systemd hears READY=1 when clients are served, WATCHDOG=1 while the process turns, STOPPING=1 when it stops, in this
// order; elsewhere nothing is run. Method: a systemd-notify of our own that writes down what it is told.

function listening(exitCode = 0): { env: Record<string, string>; heard: () => string[]; path: string } {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  const heardAt = join(folder.path, 'heard')
  const program = join(folder.path, 'systemd-notify')
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${heardAt}\nexit ${exitCode}\n`)
  chmodSync(program, 0o755)
  const env = {
    PATH: `${folder.path}${delimiter}${process.env['PATH'] ?? ''}`,
    NOTIFY_SOCKET: join(folder.path, 'socket'),
  }
  return {
    env,
    path: folder.path,
    heard: () => (existsSync(heardAt) ? readFileSync(heardAt, 'utf8').trim().split('\n') : []),
  }
}

const silent = { warn: (): void => undefined }

test('a member that runs as a service says when it serves, and when it stops', async () => {
  const { env, heard, path } = listening()
  const port = await freePorts(2)
  const places = ['--data-dir', join(path, 'data'), '--listen-client-urls', `http://127.0.0.1:${port}`]
  const peers = ['--initial-advertise-peer-urls', `http://127.0.0.1:${port + 1}`]
  const member = synod(['start', ...places, ...peers], { env })
  await vi.waitFor(() => expect(heard()[0]).toMatch(/^READY=1 STATUS=member default serves clients on /), 10_000)
  member.child.kill('SIGTERM')
  expect((await member.ended()).code).toBe(0)
  await vi.waitFor(() => expect(heard().slice(1)).toEqual(['STOPPING=1']), 5000)
})

test('a watchdog is told twice per interval, until the process stops', async () => {
  const { env, heard } = listening()
  const manager = new ServiceManager({ ...env, WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) }, silent)
  manager.ready('serves')
  await vi.waitFor(
    () => expect(heard().slice(0, 3)).toEqual(['READY=1 STATUS=serves', 'WATCHDOG=1', 'WATCHDOG=1']),
    5000,
  )
  manager.stopping()
  await vi.waitFor(() => expect(heard().at(-1)).toBe('STOPPING=1'), 5000)
})

test('a watchdog that is meant for another process is left alone', async () => {
  const { env, heard } = listening()
  const manager = new ServiceManager({ ...env, WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' }, silent)
  manager.ready('serves')
  await new Promise((resolve) => void setTimeout(resolve, 100))
  manager.stopping()
  await vi.waitFor(() => expect(heard()).toEqual(['READY=1 STATUS=serves', 'STOPPING=1']), 5000)
})

test('without a socket nothing is run', async () => {
  const { env, heard } = listening()
  const manager = new ServiceManager({ ...env, NOTIFY_SOCKET: undefined, WATCHDOG_USEC: '1000' }, silent)
  manager.ready('serves')
  await new Promise((resolve) => void setTimeout(resolve, 50))
  expect(heard()).toEqual([])
})

test('that systemd cannot be told is said once, with what to do', async () => {
  const warnings: string[] = []
  const log = { warn: (message: string): void => void warnings.push(message) }
  const manager = new ServiceManager(listening(1).env, log)
  manager.ready('serves')
  manager.stopping()
  await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining('Type=exec')]), 5000)
})
