/** One load of our own generator, handed to its process as JSON. */
export interface GeneratorPlan {
  readonly port: number
  /** The authority's certificate, in PEM: TLS, and whoever answers must be one of its. */
  readonly authority?: string | undefined
  readonly operation: 'put' | 'range' | 'serializable range'
  readonly path: string
  readonly connections: number
  readonly streams: number
  /** Open loop: so many requests a second, over all connections in turn. Without it each stream asks when it was answered. */
  readonly rate?: number | undefined
  readonly requests: number
  /** So many different keys of eight bytes, drawn at random. */
  readonly keys: number
  readonly valueBytes: number
  readonly seed: number
}

/** What it prints, as JSON. Times in milliseconds, processor time in microseconds. */
export interface GeneratorResult {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly dataBytes: number
  readonly cpuUs: number
  /** Without an answer that had a message in it. */
  readonly failed: number
}
