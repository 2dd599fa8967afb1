import {
  assert,
  crc32,
  Malformed,
  type Checksum,
  type Failure,
  type Index,
  type SnapshotSink,
  type SnapshotSource,
  type StateMachine,
} from '../core/index.ts'
import { malformedOperation } from './errors.ts'
import { Operations } from './operations.ts'
import { StoreSink } from './snapshot-sink.ts'
import { StoreSnapshot } from './snapshot.ts'
import { Store } from './store.ts'
import type { OperationResult, StoreObserver } from './store.ts'

/** Who asked for an operation or a read. One of the three is called, once. */
export interface StoreContext {
  /** The operation was decided and applied, or refused by the state. What the result holds are views: copy, or encode at once. */
  applied(result: OperationResult): void
  /** The store now answers linearizable reads that were asked for before. */
  readable(): void
  /** Neither: the failure says whether the operation may still be applied. */
  failed(error: Failure): void
}

/** Steps of reclaiming after each command: what a compaction leaves behind comes back in small pieces. */
const pagesPerCommand = 2

/** The key-value store as the state machine of a member. */
export class ReplicatedStore implements StateMachine<StoreContext> {
  private current: Store
  private readonly checksum: Checksum
  /** The last command that was applied here; 0 after a restore, until the next one. */
  appliedIndex: Index = 0

  constructor(checksum: Checksum = crc32) {
    this.checksum = checksum
    this.current = new Store(checksum)
  }

  /** As of the last applied command. A restore puts another one in its place: do not keep it. */
  get store(): Store {
    return this.current
  }

  /** Hears of every change from now on, also of the stores that restores put in place. */
  observe(observer: StoreObserver | undefined): void {
    this.current.observer = observer
  }

  apply(index: Index, operations: Uint8Array, contexts: readonly StoreContext[] | undefined): void {
    assert(index > this.appliedIndex, 'commands are applied once, in order')
    this.appliedIndex = index
    const walk = new Operations(operations)
    let answered = 0
    while (!walk.done) {
      const operation = walk.take()
      const malformed = operation instanceof Malformed
      const result = malformed ? malformedOperation(operation.message) : this.current.apply(operation)
      contexts?.[answered]?.applied(result)
      answered++
    }
    // A length that lied hid the operations after it.
    for (; contexts !== undefined && answered < contexts.length; answered++) {
      contexts[answered]?.applied(malformedOperation('it lies behind one whose length is wrong'))
    }
    this.current.reclaim(pagesPerCommand)
  }

  read(context: StoreContext): void {
    context.readable()
  }

  fail(context: StoreContext, error: Failure): void {
    context.failed(error)
  }

  snapshot(): SnapshotSource {
    return new StoreSnapshot(this.current)
  }

  install(): SnapshotSink {
    return new StoreSink(this.checksum, (store) => this.replace(store))
  }

  private replace(store: Store): void {
    assert(store.revision >= this.current.revision, 'a restore never takes the revision back')
    store.observer = this.current.observer
    store.tally = this.current.tally
    this.current = store
    this.appliedIndex = 0
    store.observer?.restored?.(store)
  }
}
