import { isJoint, type Clock, type LogEngine, type Logger, type Milliseconds } from '../core/index.ts'
import type { Timers } from './timers.ts'

/**
 * Watches how long a sync takes. A leader that cannot sync serves nobody, though its heartbeats still go out (the
 * "faux leader" of LeaseGuard, SIGMOD'26): it hands leadership over, or gives it up. It is not elected again before
 * that sync returns, because a request for votes waits for it like every other promise.
 */
export class SyncWatch {
  /** Told how long each sync took, from the turn that began it to the one that heard of its end. */
  took: ((time: Milliseconds) => void) | undefined
  private readonly engine: Pick<LogEngine<unknown, unknown, unknown>, 'standing' | 'transfer' | 'resign'>
  private readonly timers: Timers
  private readonly ports: { readonly clock: Pick<Clock, 'now'>; readonly log: Logger }
  private readonly patience: Milliseconds
  private began: Milliseconds | undefined

  constructor(
    engine: Pick<LogEngine<unknown, unknown, unknown>, 'standing' | 'transfer' | 'resign'>,
    timers: Timers,
    ports: { readonly clock: Pick<Clock, 'now'>; readonly log: Logger },
    patience: Milliseconds,
  ) {
    this.engine = engine
    this.timers = timers
    this.ports = ports
    this.patience = patience
  }

  underWay(): void {
    if (this.took !== undefined) this.began ??= this.ports.clock.now()
    this.timers.ensure('sync', this.patience)
  }

  done(): void {
    this.timers.clear('sync')
    this.timers.clear('resign')
    if (this.took === undefined || this.began === undefined) return
    const time = this.ports.clock.now() - this.began
    this.began = undefined
    this.took(time)
  }

  isSlow(): void {
    const { leading, membership } = this.engine.standing
    // Alone there is nobody who could do better.
    if (!leading || (membership.voters.length === 1 && !isJoint(membership))) return
    this.ports.log.warn('a sync takes longer than an election timeout: handing leadership over')
    if (this.engine.transfer()) this.timers.set('resign', this.patience)
    else this.engine.resign()
  }
}
