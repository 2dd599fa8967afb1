import type { Logger, NodeId } from '../../core/index.ts'

/** What is logged about strangers in one period; the rest is counted. */
const complaintsMax = 10

/**
 * What strangers at the peer address do wrong, for the operator. A peer that is refused tries again for ever, and anybody
 * may connect: the same complaint is logged once in a period, and only so many in all.
 */
export class Complaints {
  private readonly log: Logger
  private readonly made = new Set<string>()
  private left = 0

  constructor(log: Logger) {
    this.log = log
  }

  make(message: string, fields: { readonly from: NodeId | undefined }): void {
    const complaint = `${fields.from} ${message}`
    if (this.made.has(complaint) || this.made.size >= complaintsMax) {
      this.left++
      return
    }
    this.made.add(complaint)
    this.log.warn(message, fields)
  }

  /** A period ends. */
  startAnew(): void {
    if (this.left > 0) this.log.warn(`${this.left} more complaints about connections to the peer address`)
    this.made.clear()
    this.left = 0
  }
}
