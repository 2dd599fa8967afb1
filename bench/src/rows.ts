import { paths } from './etcd-api.ts'

/** One kind of load: a kind of request over so many connections with so many streams each. */
export interface Row {
  readonly name: string
  readonly path: string
  readonly body: 'put' | 'range' | 'serializable range'
  readonly connections: number
  readonly streams: number
  /** Open loop: so many requests a second, whatever the answers do. Without it the next one is asked when one is answered. */
  readonly rate?: number
  /**
   * Random keys, so many different ones, and a `grpc-timeout` that changes every time, by our own generator. Without it
   * h2load asks the same of the same key.
   */
  readonly keys?: number
  /** Of a put; 256 unless said. */
  readonly valueBytes?: number
}

export function putRow(connections: number, streams: number): Row {
  return row('put', paths.put, 'put', connections, streams)
}

export function getRow(kind: 'linearizable' | 'serializable', connections: number, streams: number): Row {
  const body = kind === 'linearizable' ? 'range' : 'serializable range'
  return row(`get ${kind}`, paths.range, body, connections, streams)
}

/** Puts at a rate that both servers can keep up with: over connections enough that none of them waits for its answers. */
export function equalLoadRow(rate: number): Row {
  const connections = 50
  return { ...putRow(connections, 100), name: `put ${rate} a second`, rate }
}

/** Puts as Go's clients send them, of keys that differ. */
export function distinctRow(connections: number, streams: number, keys: number = 100_000): Row {
  return { ...putRow(connections, streams), name: `put distinct c${connections} m${streams}`, keys }
}

function row(kind: string, path: string, body: Row['body'], connections: number, streams: number): Row {
  return { name: `${kind} c${connections} m${streams}`, path, body, connections, streams }
}
