import type { Histogram } from 'synod'

/** One line of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Where it is not that of the metric. */
  readonly metricName?: string
}

/** A metric, and where its values are read when somebody looks. */
export interface Told {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  read(): readonly Sample[]
}

type Labels = Readonly<Record<string, string>>

export function gauge(name: string, help: string, read: () => number): Told {
  return { name, help, type: 'gauge', read: () => [{ labels: {}, value: read() }] }
}

export function counter(name: string, help: string, read: () => number): Told {
  return { name, help, type: 'counter', read: () => [{ labels: {}, value: read() }] }
}

export function labelled(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: () => readonly (readonly [Labels, number])[],
): Told {
  return { name, help, type, read: () => read().map(([labels, value]) => ({ labels, value })) }
}

/** Several of them, apart by their labels. */
export function histograms(name: string, help: string, read: () => readonly (readonly [Labels, Histogram])[]): Told {
  return {
    name,
    help,
    type: 'histogram',
    read: () => read().flatMap(([labels, values]) => samplesOf(name, labels, values)),
  }
}

export function histogram(name: string, help: string, read: () => Histogram): Told {
  return histograms(name, help, () => [[{}, read()]])
}

/** Each class counts the smaller ones too. */
function samplesOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): Sample[] {
  let count = 0
  const buckets = [...counts].map((more, i) => {
    count += more
    const le = bounds[i] === undefined ? '+Inf' : String(bounds[i])
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
