import { crc32 } from 'node:zlib'
import type { Checksum, Clock, Disk, Halt, Links, Logger, Ports } from '../core/index.ts'
import type { GuardedHost } from './guarded-host.ts'

/** What a member's ports are made of. */
export interface NodePortsOptions {
  readonly host: GuardedHost
  readonly clock: Clock
  readonly disk: Disk
  readonly links: Links
  readonly log: Logger
}

/** CRC-32, as Node.js computes it. */
export const nativeChecksum: Checksum = (bytes, seed, from = 0, to = bytes.length) =>
  crc32(bytes.subarray(from, to), seed)

/** The world of a member that runs on Node.js. */
export class NodePorts implements Ports {
  readonly clock: Clock
  readonly disk: Disk
  readonly links: Links
  readonly log: Logger
  readonly checksum: Checksum = nativeChecksum
  private readonly host: GuardedHost
  private flushing = false

  constructor(options: NodePortsOptions) {
    this.host = options.host
    this.clock = options.clock
    this.disk = options.disk
    this.links = options.links
    this.log = options.log
  }

  /** Asked within a flush, it brings another one, in the next turn. */
  endOfTurn(): void {
    if (this.flushing) return
    this.flushing = true
    setImmediate(() => {
      this.flushing = false
      this.host.flush()
    })
  }

  random(): number {
    return Math.random()
  }

  halt(reason: Halt): void {
    this.host.halt(reason)
  }
}
