import { Worker } from 'node:worker_threads'
import type { Runner } from './campaign.ts'
import type { Reply, Result, Small, Task, ThreadData } from './tasks.ts'

/** A thread ended before it had answered. The message says how. */
export class ThreadDied extends Error {
  override readonly name = 'ThreadDied'
}

interface Waiting {
  readonly resolve: (reply: Reply | undefined) => void
  readonly reject: (error: ThreadDied) => void
  readonly smaller: ((events: number, runs: number) => void) | undefined
}

/** So often it is looked whether anything has happened, before a thread counts as hanging. */
const looks = 10

/** A worker thread that is asked one thing at a time. */
export class Thread implements Runner {
  private readonly worker: Worker
  private readonly patience: number
  private readonly beats = new Int32Array(new SharedArrayBuffer(4))
  private waiting: Waiting | undefined
  private stopped = false
  private death: ThreadDied | undefined

  /** A thread in which nothing happens for `patience` milliseconds, though it was asked, hangs, and is ended. */
  constructor(program: URL, data: Omit<ThreadData, 'beats'>, patience: number) {
    this.patience = patience
    this.worker = new Worker(program, { workerData: { ...data, beats: this.beats } satisfies ThreadData })
    this.worker.on('message', (reply: Reply) => this.heard(reply))
    this.worker.on('messageerror', (error) => this.died(error.message))
    this.worker.on('error', (error) =>
      this.died(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    )
    this.worker.on('exit', (code) => this.died(`it ended with code ${code}`))
  }

  async run(seed: number, tell: boolean): Promise<Result | undefined> {
    return resultOf(await this.ask({ type: 'run', seed, tell }))
  }

  /** A plan instead of a seed; otherwise as `run`. */
  async replay(plan: Result['plan'], tell: boolean): Promise<Result | undefined> {
    return resultOf(await this.ask({ type: 'replay', plan, tell }))
  }

  /** `undefined`: the plan did not fail again. Rejects with `ThreadDied`. */
  async shrink(
    task: Omit<Extract<Task, { type: 'shrink' }>, 'type'>,
    smaller: (events: number, runs: number) => void,
  ): Promise<Small | undefined> {
    const reply = await this.ask({ type: 'shrink', ...task }, smaller)
    return reply?.type === 'shrunk' ? reply.small : undefined
  }

  /** In the middle of whatever it does. */
  async stop(): Promise<void> {
    this.stopped = true
    await this.worker.terminate()
  }

  private async ask(task: Task, smaller?: Waiting['smaller']): Promise<Reply | undefined> {
    if (this.stopped) return undefined
    if (this.death !== undefined) throw this.death
    const { promise, resolve, reject } = Promise.withResolvers<Reply | undefined>()
    this.waiting = { resolve, reject, smaller }
    this.worker.postMessage(task, [])
    const watch = this.watch()
    try {
      return await promise
    } finally {
      clearInterval(watch)
    }
  }

  /** A handler may never end: only from outside can that be seen. Looks, not time: a machine that slept has missed some. */
  private watch(): NodeJS.Timeout {
    let [seen, quiet] = [Atomics.load(this.beats, 0), 0]
    return setInterval(() => {
      const beats = Atomics.load(this.beats, 0)
      quiet = beats === seen ? quiet + 1 : 0
      seen = beats
      if (quiet === looks) this.hangs()
    }, this.patience / looks)
  }

  private hangs(): void {
    this.died(`nothing has happened in it for ${this.patience / 1000} s: it hangs`)
    void this.worker.terminate()
  }

  private heard(reply: Reply): void {
    if (reply.type === 'smaller') return this.waiting?.smaller?.(reply.events, reply.runs)
    const { waiting } = this
    this.waiting = undefined
    return waiting?.resolve(reply)
  }

  private died(how: string): void {
    this.death ??= new ThreadDied(how)
    const { waiting } = this
    this.waiting = undefined
    if (this.stopped) waiting?.resolve(undefined)
    else waiting?.reject(this.death)
  }
}

function resultOf(reply: Reply | undefined): Result | undefined {
  return reply?.type === 'ran' ? reply.result : undefined
}
