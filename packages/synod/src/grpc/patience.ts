import type { Limits } from './limits.ts'

/** What is to be done about a connection on which the time for something is over. */
export type Overdue = 'handshake_timeout' | 'idle_timeout' | 'keepalive_timeout' | 'drain' | 'ask' | undefined

/** How long a server waits for a client, and for what. All instants are those of `performance.now()`. */
export class Patience {
  private readonly limits: Limits
  private readonly openedAt: number
  /** When the last call ended. */
  idleSince: number
  drainingSince: number | undefined = undefined
  private askedAt: number | undefined = undefined

  constructor(limits: Limits, now: number) {
    this.limits = limits
    this.openedAt = now
    this.idleSince = now
  }

  /** A sign of life was given. */
  answered(): void {
    this.askedAt = undefined
  }

  overdue(now: number, heardAt: number, isGreeted: boolean, openCalls: number): Overdue {
    const { handshakeTimeoutMs, keepaliveIntervalMs, keepaliveTimeoutMs, idleTimeoutMs } = this.limits
    if (!isGreeted) return now - this.openedAt >= handshakeTimeoutMs ? 'handshake_timeout' : undefined
    if (this.drainingSince !== undefined) return now - this.drainingSince >= keepaliveTimeoutMs ? 'drain' : undefined
    if (openCalls === 0 && now - this.idleSince >= idleTimeoutMs) return 'idle_timeout'
    if (now - heardAt < keepaliveIntervalMs) {
      this.askedAt = undefined
      return undefined
    }
    if (this.askedAt !== undefined) return now - this.askedAt >= keepaliveTimeoutMs ? 'keepalive_timeout' : undefined
    this.askedAt = now
    return 'ask'
  }
}
