import type { Figure } from 'synod/simulator'
import { table } from '../output.ts'
import { median, rough } from './numbers.ts'

/** One quantity of one series, of all runs. */
export interface Measured {
  readonly unit: string
  readonly samples: number
  readonly median: number
  readonly mean: number
  /** All but one in a hundred are at most this. */
  readonly p99: number
}

/** What runs have measured, put together. */
export class Figures {
  private readonly samples = new Map<string, Map<string, { readonly unit: string; readonly values: number[] }>>()

  add(figures: readonly Figure[]): void {
    for (const { series, quantity, unit, values } of figures) {
      const quantities = this.samples.get(series) ?? new Map<string, { unit: string; values: number[] }>()
      this.samples.set(series, quantities)
      const known = quantities.get(quantity) ?? { unit, values: [] }
      quantities.set(quantity, known)
      known.values.push(...values)
    }
  }

  get isEmpty(): boolean {
    return this.samples.size === 0
  }

  /** By their names, numbers in them by their size. */
  get series(): readonly string[] {
    return [...this.samples.keys()].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  }

  /** In the order in which they are told. */
  get quantities(): readonly string[] {
    const names = new Set<string>()
    for (const quantities of this.samples.values()) for (const name of quantities.keys()) names.add(name)
    return [...names]
  }

  /** undefined: nothing was measured. */
  measured(series: string, quantity: string): Measured | undefined {
    const { unit = '', values = [] } = this.samples.get(series)?.get(quantity) ?? {}
    if (values.length === 0) return undefined
    const sorted = values.toSorted((a, b) => a - b)
    const sum = sorted.reduce((total, value) => total + value, 0)
    const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0
    return { unit, samples: sorted.length, median: median(sorted) ?? 0, mean: sum / sorted.length, p99 }
  }

  json(): object {
    const ofSeries = (series: string): object =>
      Object.fromEntries(this.quantities.map((quantity) => [quantity, this.measured(series, quantity) ?? null]))
    return Object.fromEntries(this.series.map((series) => [series, ofSeries(series)]))
  }

  text(): string {
    if (this.isEmpty) return ''
    const { quantities } = this
    const units = quantities.map(
      (quantity) =>
        this.series.map((series) => this.measured(series, quantity)?.unit).find((unit) => unit !== undefined) ?? '',
    )
    const head = ['measured, median (99 % at most)', ...quantities.map((quantity, i) => `${quantity}, ${units[i]}`)]
    const rows = this.series.map((series) => [
      series,
      ...quantities.map((quantity) => {
        const measured = this.measured(series, quantity)
        return measured === undefined ? '-' : `${rough(measured.median)} (${rough(measured.p99)})`
      }),
    ])
    return `\n${table([head, ...rows])}\n`
  }
}
