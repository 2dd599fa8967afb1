import { spawn } from 'node:child_process'
import type { Logger } from 'synod'

type Environment = Readonly<Record<string, string | undefined>>

/** A helper that hangs must not pile up: what it had to tell is told again, or too late anyway. */
const patienceMs = 10_000

/**
 * Tells systemd how the service is (`sd_notify`): ready, stopping, still alive. Its socket is one for datagrams, which Node.js
 * cannot speak to; `systemd-notify`, which is wherever systemd is, can. Where nothing asks to be told, nothing is done.
 */
export class ServiceManager {
  private readonly environment: Environment
  private readonly log: Pick<Logger, 'warn'>
  /** One after the other: READY=1 must not come after STOPPING=1. */
  private told: Promise<void> = Promise.resolve()
  private watchdog: NodeJS.Timeout | undefined
  private broken = false

  constructor(environment: Environment, log: Pick<Logger, 'warn'>) {
    this.environment = environment
    this.log = log
  }

  /** Clients are served. From now on the watchdog, if the unit has one, is told twice per interval that the process turns. */
  ready(status: string): void {
    this.tell('READY=1', `STATUS=${status}`)
    const interval = watchdogMs(this.environment)
    if (interval === undefined || !this.isAsked) return
    this.watchdog = setInterval(() => this.tell('WATCHDOG=1'), interval / 2)
    this.watchdog.unref()
  }

  stopping(): void {
    clearInterval(this.watchdog)
    this.tell('STOPPING=1')
  }

  private get isAsked(): boolean {
    return (this.environment['NOTIFY_SOCKET'] ?? '') !== ''
  }

  private tell(...words: readonly string[]): void {
    if (!this.isAsked || this.broken) return
    this.told = this.told.then(async () => this.run(words))
  }

  private async run(words: readonly string[]): Promise<void> {
    const failure = await new Promise<string | undefined>((resolve) => {
      const helper = spawn('systemd-notify', words, { stdio: 'ignore', env: this.environment, timeout: patienceMs })
      helper.unref()
      helper.on('error', (error) => resolve(error.message))
      helper.on('close', (code, signal) =>
        resolve(code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}`),
      )
    })
    if (failure === undefined || this.broken) return
    this.broken = true
    this.log.warn(
      'systemd waits to be told (NOTIFY_SOCKET is set), and systemd-notify does not work: with Type=exec it need not be told',
      { why: failure },
    )
  }
}

/** What `WatchdogSec` says, if it is meant for this process. */
function watchdogMs({ WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid }: Environment): number | undefined {
  const value = Number(microseconds)
  if (!(value > 0) || (pid !== undefined && pid !== String(process.pid))) return undefined
  return value / 1000
}
