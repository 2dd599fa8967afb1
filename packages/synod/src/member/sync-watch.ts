import { isJoint, type LogEngine, type Logger, type Milliseconds } from '../core/index.ts'
import type { Timers } from './timers.ts'

/**
 * Watches how long a sync takes. A leader that cannot sync serves nobody, though its heartbeats still go out (the
 * "faux leader" of LeaseGuard, SIGMOD'26): it hands leadership over, or gives it up. It is not elected again before
 * that sync returns, because a request for votes waits for it like every other promise.
 */
export class SyncWatch {
  private readonly engine: Pick<LogEngine<unknown, unknown, unknown>, 'standing' | 'transfer' | 'resign'>
  private readonly timers: Timers
  private readonly log: Logger
  private readonly patience: Milliseconds

  constructor(
    engine: Pick<LogEngine<unknown, unknown, unknown>, 'standing' | 'transfer' | 'resign'>,
    timers: Timers,
    log: Logger,
    patience: Milliseconds,
  ) {
    this.engine = engine
    this.timers = timers
    this.log = log
    this.patience = patience
  }

  underWay(): void {
    this.timers.ensure('sync', this.patience)
  }

  done(): void {
    this.timers.clear('sync')
    this.timers.clear('resign')
  }

  isSlow(): void {
    const { leading, membership } = this.engine.standing
    // Alone there is nobody who could do better.
    if (!leading || (membership.voters.length === 1 && !isJoint(membership))) return
    this.log.warn('a sync takes longer than an election timeout: handing leadership over')
    if (this.engine.transfer()) this.timers.set('resign', this.patience)
    else this.engine.resign()
  }
}
