/** One thread that feeds inputs to one decoder, and tells which one it is at, so that an endless loop is found from outside. */
import { parentPort, workerData } from 'node:worker_threads'
import { Draw } from './draw.ts'
import { targets } from './targets.ts'

/** What the thread is given. */
export interface Order {
  readonly target: string
  readonly seed: number
  readonly first: number
  /** Inputs at most, and milliseconds at most. */
  readonly count: number
  readonly forMs: number
  /** The number of the input that is being read. */
  readonly at: SharedArrayBuffer
}

/** How it ended. */
export type Report =
  | { readonly type: 'done'; readonly inputs: number; readonly bytes: number }
  | { readonly type: 'failed'; readonly index: number; readonly input: Uint8Array; readonly why: string }

/** No input may make a decoder busy for longer: they are small. */
const inputMsMax = 5000
/** Of memory outside the heap, which the thread's own limit does not see. */
const memoryBytesMax = 1024 * 1024 * 1024
const restEvery = 256

async function attack({ target: name, seed, first, count, forMs, at }: Order): Promise<Report> {
  const target = targets[name]
  if (target === undefined) throw new Error(`there is no decoder ${name}`)
  const shared = new Int32Array(at)
  const end = performance.now() + forMs
  let bytes = 0
  let index = first
  for (; index < first + count && performance.now() < end; index++) {
    Atomics.store(shared, 0, index)
    const draw = new Draw(seed, index)
    const input = target.input(draw)
    const began = performance.now()
    try {
      target.run(input, draw)
      if (performance.now() - began > inputMsMax) throw new Error(`it took ${performance.now() - began} ms`)
      if (index % restEvery === 0 && process.memoryUsage().arrayBuffers > memoryBytesMax)
        throw new Error(`${process.memoryUsage().arrayBuffers} bytes are held`)
    } catch (error) {
      return { type: 'failed', index, input, why: error instanceof Error ? String(error.stack) : String(error) }
    }
    bytes += input.length
    // Timers that the input left behind run out.
    if (index % restEvery === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { type: 'done', inputs: index - first, bytes }
}

parentPort?.postMessage(await attack(workerData as Order), [])
