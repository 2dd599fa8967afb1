import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { run as runProgram } from '../cli/program.ts'

const main = join(import.meta.dirname, '../main.ts')

/** What a process said and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly directory?: string
}

/** A process of a test: its output so far, and its end. */
export class Running {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  private readonly end: Promise<Ended>
  private listeners: (() => void)[] = []

  constructor(command: string, args: readonly string[], options: RunOptions = {}) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('SYNOD_'))
    const env = { ...Object.fromEntries(own), NO_COLOR: '1', ...options.env }
    this.child = spawn(command, args, { env, cwd: options.directory, stdio: 'pipe' })
    // It may have had enough before it has read all.
    this.child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error
    })
    this.child.stdin?.end(options.stdin ?? '')
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk)
      this.heard()
    })
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk)
      this.heard()
    })
    this.end = new Promise((resolve, reject) => {
      this.child.on('error', reject)
      this.child.on('close', (code) => {
        this.heard()
        resolve({ code, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  private heard(): void {
    for (const listener of this.listeners) listener()
  }

  /** Resolves when the pattern has been said; rejects when the process ends without. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>()
    const look = (): void => {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match !== null) resolve(match)
    }
    this.listeners.push(look)
    look()
    const never = this.end.then(({ code }) => {
      throw new Error(`it ended with ${code} before it said ${pattern}:\n${this.stdout}\n${this.stderr}`)
    })
    return Promise.race([promise, never])
  }

  async ended(): Promise<Ended> {
    return this.end
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** If it still runs: nothing outlives its test. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.end
  }
}

/** Starts `synod`, from source. */
export function synod(args: readonly string[], options: RunOptions = {}): Running {
  return new Running(process.execPath, ['-C', '@synod/source', main, ...args], options)
}

/** Runs it to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return synod(args, options).ended()
}

/** A folder of its own, gone when it is disposed of. */
export function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'synod-server-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The same in this process, for commands that read no standard input: ten times as fast. */
export async function runHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const ended = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      ended[stream] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
      return true
    }),
  )
  try {
    return { code: await runProgram(['node', 'synod', ...args], environment), ...ended }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
