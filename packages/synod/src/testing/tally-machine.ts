import {
  Malformed,
  type Failure,
  type Index,
  type SnapshotSink,
  type SnapshotSource,
  type StateMachine,
} from '../core/index.ts'

/** What a client of the tally hears. */
export interface TallyContext {
  applied(position: number): void
  readable(operations: readonly number[]): void
  failed(error: Failure): void
}

/** The smallest state machine that shows everything: it remembers each operation, a number, in the order of application. */
export class TallyMachine implements StateMachine<TallyContext> {
  operations: number[] = []

  apply(_index: Index, operations: Uint8Array, contexts: readonly TallyContext[] | undefined): void {
    const view = new DataView(operations.buffer, operations.byteOffset, operations.byteLength)
    for (let at = 0, i = 0; at < operations.length; i++) {
      const length = view.getUint32(at, true)
      this.operations.push(view.getUint32(at + 4, true))
      contexts?.[i]?.applied(this.operations.length)
      at += 4 + length
    }
  }

  read(context: TallyContext): void {
    context.readable(this.operations)
  }

  fail(context: TallyContext, error: Failure): void {
    context.failed(error)
  }

  snapshot(): SnapshotSource {
    const operations = [...this.operations]
    let at = 0
    return {
      next: () => {
        if (at >= operations.length) return undefined
        const piece = operations.slice(at, at + 64)
        at += 64
        const bytes = new Uint8Array(4 * piece.length)
        const view = new DataView(bytes.buffer)
        for (const [i, operation] of piece.entries()) view.setUint32(4 * i, operation, true)
        return bytes
      },
      close: () => undefined,
    }
  }

  install(): SnapshotSink {
    const operations: number[] = []
    return {
      write: (bytes) => {
        if (bytes.length % 4 !== 0) throw new Malformed('a piece of a tally is a list of numbers')
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        for (let at = 0; at < bytes.length; at += 4) operations.push(view.getUint32(at, true))
      },
      finish: () => {
        this.operations = operations
      },
    }
  }
}

/** One operation: a number. */
export function tallyOperation(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
