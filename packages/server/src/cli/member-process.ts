import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseLogLine, readableLine } from './logging.ts'

/** What the one who runs a member is told of it. */
export interface MemberWatcher {
  /** A warning or an error in its log, or anything else that it said, which counts as an error. */
  problem(line: string, severity: number): void
  /** It ended; `how` reads after its name: "exited with code 1". */
  exited(how: string): void
}

/** Levels of the log. */
export const severity = { warning: 40, error: 50 } as const

/** One member in a process of its own; its log goes to a file, and what is wrong to the watcher too. */
export class MemberProcess {
  readonly name: string
  /** It has said itself that it serves. */
  ready = false
  /** Why it does not take part any more, as it has said itself: starting it again would not help. */
  gone: 'removed' | 'lost-disk' | undefined
  private readonly flags: readonly string[]
  private readonly log: number
  private readonly watcher: MemberWatcher
  private child: ChildProcess | undefined
  private readonly end: PromiseWithResolvers<void> = Promise.withResolvers()
  private hasEnded = false

  /** `log`: the descriptor of an open file, closed when the process has ended. */
  constructor(name: string, flags: readonly string[], log: number, watcher: MemberWatcher) {
    this.name = name
    this.flags = flags
    this.log = log
    this.watcher = watcher
  }

  get running(): boolean {
    return this.child !== undefined && !this.hasEnded
  }

  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Resolved when the process has ended. */
  get ended(): Promise<void> {
    return this.end.promise
  }

  start(): void {
    const program = process.argv[1] ?? ''
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SYNOD_')))
    // In a group of its own, Ctrl-C reaches only us, and we stop the members in order. The channel tells it when we
    // are gone: a member never outlives the terminal that it was started in.
    const child = spawn(
      process.execPath,
      [...process.execArgv, program, 'start', ...this.flags, '--log-format', 'json'],
      {
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: environment,
      },
    )
    this.child = child
    const { log } = this
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        writeSync(log, `${line}\n`)
        const parsed = parseLogLine(line)
        const level = parsed?.level ?? severity.error
        if (level >= severity.warning) this.watcher.problem(readableLine(line) ?? line, level)
      })
    }
    child.on('message', (message) => {
      if (message === 'serving') this.ready = true
      if (message === 'removed' || message === 'lost-disk') this.gone = message
    })
    child.on('error', (error) => this.watcher.problem(`cannot be started: ${error.message}`, severity.error))
    child.on('close', (code, signal) => {
      this.hasEnded = true
      closeSync(log)
      this.end.resolve()
      this.watcher.exited(signal === null ? `exited with code ${code ?? '?'}` : `was killed by ${signal}`)
    })
  }

  /** Asks it to stop in order. */
  terminate(): void {
    if (this.running) this.child?.kill('SIGTERM')
    else this.end.resolve()
  }

  kill(): void {
    if (this.running) this.child?.kill('SIGKILL')
  }
}
