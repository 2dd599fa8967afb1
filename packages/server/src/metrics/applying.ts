import { doublingBounds, Histogram } from 'synod'
import type { Index } from 'synod'
import { durationBounds } from 'synod/runtime'
import { ReplicatedStore } from 'synod/store'
import type { StoreContext } from 'synod/store'

/** A store that knows how long it took to apply what was decided, and how much that was. */
export class MeteredStore extends ReplicatedStore {
  /** Seconds for one command, its answers to the clients of this member included. */
  readonly applying: Histogram = new Histogram(durationBounds)
  /** Operations in a command that this member made of what its clients asked. */
  readonly batches: Histogram = new Histogram(doublingBounds(1, 14))
  /** Commands that took longer than a tenth of a second. */
  slow = 0

  override apply(index: Index, operations: Uint8Array, contexts: readonly StoreContext[] | undefined): void {
    const began = performance.now()
    super.apply(index, operations, contexts)
    const seconds = (performance.now() - began) / 1000
    this.applying.record(seconds)
    if (seconds > 0.1) this.slow++
    if (contexts !== undefined) this.batches.record(contexts.length)
  }
}
