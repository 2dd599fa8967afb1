import type { Milliseconds, NodeId } from '../core/index.ts'

/** What kind of event a trace was told of. */
export const traced = { start: 1, end: 2, frame: 3, alarm: 4, disk: 5, operation: 6, answer: 7, write: 8 } as const

/** One event of a run, and the hash of everything up to it. */
export interface TraceStep {
  readonly kind: number
  readonly at: Milliseconds
  /** The node's place in the world, from 0. */
  readonly node: number
  /** What was particular to it: the checksum of a frame, of what is written or answered; a life's number. */
  readonly detail: number
  readonly hash: number
}

/**
 * A running hash over everything that happens in a world, when and where, with all that a node says and writes: frames,
 * bytes that go to a disk, answers to clients. What a node keeps to itself shows in the first of these that depends on it.
 */
export class Trace {
  /** Events so far. */
  count = 0
  private low = 0x811c9dc5
  private high = 0x2f0b4c47
  private readonly time = new Float64Array(1)
  private readonly words: Uint32Array
  /** Each event, where it was asked for: what finds the first difference between two runs. */
  readonly steps: TraceStep[] | undefined

  constructor(keepSteps = false) {
    this.words = new Uint32Array(this.time.buffer)
    this.steps = keepSteps ? [] : undefined
  }

  event(kind: number, now: number, subject: number, detail: number): void {
    this.time[0] = now
    this.mix(kind ^ (subject << 8))
    this.mix(this.words[0] ?? 0)
    this.mix(this.words[1] ?? 0)
    this.mix(detail)
    this.count++
    this.steps?.push({ kind, at: now, node: subject, detail, hash: this.low >>> 0 })
  }

  private mix(word: number): void {
    let low = Math.imul(this.low ^ word, 0x01000193)
    low ^= low >>> 13
    this.low = low
    this.high = Math.imul(this.high ^ low, 0x5bd1e995) ^ (this.high >>> 15)
  }

  /** As 16 hexadecimal digits. */
  get hash(): string {
    return [this.high, this.low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }
}

/**
 * Where two runs that should be one part company, in words: the first event that differs. `undefined`: they are the same
 * run. `nodes` are those of the plan. What leaked into a handler shows in the first frame, alarm or disk operation that
 * depends on it, so that handler is at the node that is named, or at the one that sent the frame.
 */
export function firstDifference(
  a: readonly TraceStep[],
  b: readonly TraceStep[],
  nodes: readonly NodeId[],
): string | undefined {
  const length = Math.max(a.length, b.length)
  for (let event = 0; event < length; event++) {
    const [first, second] = [a[event], b[event]]
    if (first !== undefined && second !== undefined && first.hash === second.hash) continue
    const [one, other] = [inWords(first, nodes), inWords(second, nodes)]
    const same = one === other ? ', with other contents' : ''
    return `event ${event + 1} differs: in the first run ${one}, in the second ${other}${same}`
  }
  return undefined
}

const kindsInWords: Readonly<Record<number, string>> = {
  [traced.start]: 'a process starts, or is greeted, at',
  [traced.end]: 'a process ends at',
  [traced.frame]: 'a frame arrives at',
  [traced.alarm]: 'an alarm rings at',
  [traced.disk]: 'the disk completes an operation at',
  [traced.operation]: 'a client asks',
  [traced.answer]: 'a client is answered by',
  [traced.write]: 'bytes go to the disk of',
}

function inWords(step: TraceStep | undefined, nodes: readonly NodeId[]): string {
  if (step === undefined) return 'nothing more happens'
  const { kind, at, node } = step
  return `${kindsInWords[kind] ?? `an event of kind ${kind} happens at`} ${nodes[node] ?? `node ${node}`} at ${at} ms`
}
