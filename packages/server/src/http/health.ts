import { assert } from 'synod'
import type { StoreContext } from 'synod/store'
import { readFailure, timedOut } from '../etcd/failures.ts'
import type { Front } from '../etcd/front.ts'
import { answer, answerNotFound, answerText, onlyGet } from './answer.ts'
import type { Exchange } from './answer.ts'

/** Why it is not well; undefined: it is. */
type Finding = string | undefined
type Check = () => Promise<Finding>
type Kind = 'livez' | 'readyz'

/** The checks of each page, in the order in which they are told. */
const checks = {
  livez: ['serializable_read'],
  readyz: ['non_learner', 'data_corruption', 'serializable_read', 'linearizable_read'],
} as const
type CheckName = (typeof checks)[Kind][number]

/** Of one check of one page, for the metrics. */
export interface CheckCount {
  readonly kind: Kind
  readonly name: CheckName
  success: number
  error: number
  healthy: boolean
}

/**
 * Whether this member is well, as etcd's pages tell it. `/livez`: it is worth keeping; `/readyz`: it is worth asking;
 * `/health`, the oldest, is both at once, and false too when an operator has to do something (so no reason to restart it).
 */
export class Health {
  /** Of `/health`. */
  successes = 0
  failures = 0
  readonly counts: readonly CheckCount[] = (['livez', 'readyz'] as const).flatMap((kind) =>
    checks[kind].map((name) => ({ kind, name, success: 0, error: 0, healthy: true })),
  )
  private readonly front: Front
  private readonly checks: Readonly<Record<CheckName, Check>>

  constructor(front: Front) {
    this.front = front
    this.checks = {
      non_learner: async () => (front.isLearner ? 'not supported for learner' : undefined),
      data_corruption: async () => this.corruption(),
      serializable_read: async () => this.stopped(),
      linearizable_read: async () => this.linearizableRead(),
    }
  }

  /** The path belongs to these pages, and was answered. */
  serve(exchange: Exchange): boolean {
    const [, page = '', check, ...more] = exchange.path.split('/')
    if (page === 'health' && check === undefined) {
      onlyGet(exchange, () => void this.health(exchange))
      return true
    }
    if (page !== 'livez' && page !== 'readyz') return false
    const named = checks[page].find((name) => name === check)
    if (check === undefined) onlyGet(exchange, () => void this.page(exchange, page))
    else if (named !== undefined && more.length === 0) onlyGet(exchange, () => void this.page(exchange, page, [named]))
    else answerNotFound(exchange)
    return true
  }

  private async health(exchange: Exchange): Promise<void> {
    const { query } = exchange
    const serializable = query.get('serializable') === 'true'
    const reason = (await this.unwell(serializable, query.getAll('exclude'))) ?? ''
    const healthy = reason === ''
    if (healthy) this.successes++
    else this.failures++
    const text = JSON.stringify({ health: String(healthy), reason })
    if (healthy) answer(exchange, 200, 'text/plain; charset=utf-8', text)
    else answerText(exchange, 503, `${text}\n`)
  }

  private async unwell(serializable: boolean, excluded: readonly string[]): Promise<Finding> {
    const alarm = this.front.alarms().find((name) => !excluded.includes(name))
    if (alarm !== undefined) return `ALARM ${alarm}`
    if (!serializable && this.front.replica.standing.leader === undefined) return 'RAFT NO LEADER'
    const failed = serializable ? this.stopped() : await this.linearizableRead()
    return failed === undefined ? undefined : `RANGE ERROR:${failed}`
  }

  private async page(exchange: Exchange, kind: Kind, names: readonly CheckName[] = checks[kind]): Promise<void> {
    const excluded = exchange.query.getAll('exclude')
    const asked = names.filter((name) => !excluded.includes(name))
    const findings = await Promise.all(asked.map(async (name) => this.run(kind, name)))
    const lines = asked.map((name, i) =>
      findings[i] === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${findings[i]}\n`,
    )
    if (findings.some((finding) => finding !== undefined)) return answerText(exchange, 503, `${lines.join('')}\n`)
    answerText(exchange, 200, exchange.query.has('verbose') ? `${lines.join('')}ok\n` : 'ok\n')
  }

  private async run(kind: Kind, name: CheckName): Promise<Finding> {
    const finding = await this.checks[name]()
    const count = this.counts.find((one) => one.kind === kind && one.name === name)
    assert(count !== undefined, 'every check is counted')
    count.healthy = finding === undefined
    count[finding === undefined ? 'success' : 'error']++
    return finding
  }

  private corruption(): Finding {
    if (this.front.alarms().includes('CORRUPT')) return 'alarm activated: CORRUPT'
    return this.front.replica.standing.repairing ? 'the log of this member is being repaired from its peers' : undefined
  }

  /** What it holds can be read as long as it runs and takes part. */
  private stopped(): Finding {
    return this.front.replica.departing ? 'this member was removed from the cluster' : undefined
  }

  /** Asked as a client would ask. Without a leader the answer that a client would wait for is known at once. */
  private async linearizableRead(): Promise<Finding> {
    const { replica } = this.front
    if (replica.standing.leader === undefined) return timedOut.message
    return new Promise((resolve) => {
      const context: StoreContext = {
        applied: () => assert(false, 'a read is answered when it is readable'),
        readable: () => resolve(undefined),
        failed: (failure) => resolve(readFailure(failure)),
      }
      replica.read(context)
    })
  }
}
