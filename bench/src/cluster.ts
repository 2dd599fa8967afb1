import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { Certificates } from './certificates.ts'
import { paths, readStatus, type StatusAnswer } from './etcd-api.ts'
import { Endpoint } from './endpoint.ts'

/** How a server is started: etcd's own flags are appended. */
export interface ServerCommand {
  readonly program: string
  readonly arguments: readonly string[]
  /** Beside what this process has. */
  readonly environment?: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '../..')

/** Synod from its source, by the command that an operator would type. */
export const synod: ServerCommand = {
  program: process.execPath,
  arguments: ['-C', '@synod/source', join(root, 'packages/server/src/main.ts'), 'start'],
}

/** The same, with another protocol that orders the writes. */
export function withEngine(engine: string): ServerCommand {
  return { ...synod, arguments: [...synod.arguments, `--engine=${engine}`] }
}

export function etcd(path: string): ServerCommand {
  return { program: path, arguments: [] }
}

/** Where a member lives. The others may know it by another address than the one that it listens on. */
export interface Place {
  readonly name: string
  readonly clientPort: number
  readonly peerPort: number
  readonly knownPeerPort: number
}

/**
 * Ports that were free a moment ago: whoever starts at once gets them. They are none of those that the system gives to
 * whoever asks for any, so that a member which was killed finds its own free when it is started again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 100 * count) throw new Error('no free ports')
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** One member in a process of its own, that may be killed, stopped and started again on the same directory. */
export class ServerProcess {
  readonly place: Place
  readonly endpoint: Endpoint
  readonly directory: string
  readonly logFile: string
  private readonly command: ServerCommand
  private readonly flags: readonly string[]
  private child: ChildProcess | undefined
  private exited: Promise<void> = Promise.resolve()
  private killed = false
  /** Told when the process ends without having been asked to. */
  onDeath: (how: string, exitCode: number | null) => void = () => {}

  constructor(
    command: ServerCommand,
    place: Place,
    all: readonly Place[],
    dataDir: string,
    extra: readonly string[] = [],
    certificates?: Certificates,
  ) {
    this.command = command
    this.place = place
    this.endpoint = new Endpoint(place.clientPort, certificates?.authority)
    this.directory = join(dataDir, place.name)
    this.logFile = join(dataDir, `${place.name}.log`)
    const scheme = certificates === undefined ? 'http' : 'https'
    const url = (port: number): string => `${scheme}://127.0.0.1:${port}`
    this.flags = Object.entries({
      '--name': place.name,
      '--data-dir': this.directory,
      '--listen-client-urls': url(place.clientPort),
      '--advertise-client-urls': url(place.clientPort),
      '--listen-peer-urls': url(place.peerPort),
      '--initial-advertise-peer-urls': url(place.knownPeerPort),
      '--initial-cluster': all.map(({ name, knownPeerPort }) => `${name}=${url(knownPeerPort)}`).join(','),
      '--initial-cluster-token': 'bench',
    })
      .flat()
      .concat(certificates?.flagsOf(place.name) ?? [], extra)
  }

  get name(): string {
    return this.place.name
  }

  get running(): boolean {
    return this.child !== undefined
  }

  get pid(): number {
    const pid = this.child?.pid
    if (pid === undefined) throw new Error(`${this.name} does not run`)
    return pid
  }

  start(): void {
    if (this.child !== undefined) throw new Error(`${this.name} runs already`)
    mkdirSync(dirname(this.logFile), { recursive: true })
    const log = openSync(this.logFile, 'a')
    const child = spawn(this.command.program, [...this.command.arguments, ...this.flags], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.command.environment },
      // a process group of its own: Ctrl-C is for the run, which then ends its members itself
      detached: true,
    })
    closeSync(log)
    // members never outlive the run, however it ends
    const reap = (): boolean => child.kill('SIGKILL')
    process.once('exit', reap)
    this.child = child
    this.killed = false
    this.exited = new Promise((resolve) => {
      const ended = (how: string, exitCode: number | null): void => {
        if (this.child !== child) return
        this.child = undefined
        process.off('exit', reap)
        this.endpoint.close()
        if (!this.killed) this.onDeath(how, exitCode)
        resolve()
      }
      child.once('error', (error) => ended(`could not be started: ${error.message}`, null))
      child.once('exit', (code, signal) => ended(`ended by itself with ${signal ?? `exit code ${code}`}`, code))
    })
  }

  /** SIGKILL, also of a stopped process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.killed = true
    this.child?.kill('SIGKILL')
    await this.exited
  }

  /** SIGTERM: it hands over and ends by itself, as an operator would have it; resolves when it is gone. */
  async terminate(): Promise<void> {
    this.killed = true
    this.child?.kill('SIGTERM')
    await this.exited
  }

  /** SIGSTOP: it neither runs nor ends, and its connections stay open. */
  freeze(): void {
    this.child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.child?.kill('SIGCONT')
  }

  async status(timeoutMs: number): Promise<StatusAnswer> {
    return readStatus(await this.endpoint.call(paths.status, new Uint8Array(), timeoutMs))
  }

  /** The end of its log, for a report. */
  logTail(lines: number): string {
    if (statSync(this.logFile, { throwIfNoEntry: false }) === undefined) return ''
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  }
}

/** Resolves with the leader once all members that run agree on one. Throws after `timeoutMs`, saying what they said. */
export async function awaitLeader(members: readonly ServerProcess[], timeoutMs: number): Promise<ServerProcess> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const said = await Promise.allSettled(members.map((member) => member.status(1000)))
    const leaders = new Set(said.map((one) => (one.status === 'fulfilled' ? one.value.leader : 0n)))
    const [leader] = leaders
    const at = said.findIndex((one) => one.status === 'fulfilled' && one.value.memberId === leader)
    const found = members[at]
    if (leaders.size === 1 && found !== undefined) return found
    if (performance.now() > deadline) {
      const texts = said.map((one, i) => {
        const answer = one.status === 'fulfilled' ? `leader ${one.value.leader}` : String(one.reason)
        return `${members[i]?.name}: ${answer}\n${members[i]?.logTail(5)}`
      })
      throw new Error(`no common leader after ${timeoutMs} ms:\n${texts.join('\n')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
