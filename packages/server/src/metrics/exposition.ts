import type { Gauge, Metric, Registry } from 'prom-client'
import type { Told } from './told.ts'

/** etcd's, word for word: all names here are such that nothing has to be escaped in them. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'

/**
 * The text that Prometheus reads, made anew each time from plain numbers. What the process itself and Node are doing
 * (`process_…`, `nodejs_…`) prom-client knows; it is loaded when somebody looks for the first time, and not before.
 */
export class Exposition {
  private readonly told: readonly Told[]
  private registry: Promise<Registry> | undefined

  constructor(told: readonly Told[]) {
    this.told = told
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.registry ??= this.register()
    const registry = await this.registry
    const text = await registry.metrics()
    // prom-client's own spelling: Prometheus takes any, others do not.
    return { contentType, text: text.replaceAll(/ Nan$/gm, ' NaN') }
  }

  private async register(): Promise<Registry> {
    const { collectDefaultMetrics, Gauge: Base, Registry: Register } = await import('prom-client')
    const registry = new Register()
    for (const told of this.told) registry.registerMetric(metricOf(told, Base))
    collectDefaultMetrics({ register: registry })
    return registry
  }
}

/** prom-client's own classes keep what they count. This one says what it is told to be, and has what is read elsewhere. */
function metricOf(told: Told, Base: typeof Gauge): Metric {
  class Elsewhere extends Base {
    readonly type = told.type

    override async get(): ReturnType<Gauge['get']> {
      return { ...(await super.get()), values: [...told.read()] }
    }
  }
  return new Elsewhere({ name: told.name, help: told.help, registers: [] })
}
