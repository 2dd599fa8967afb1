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

/** A worker thread that is asked one thing at a time. */
export class Thread implements Runner {
  private readonly worker: Worker
  private readonly patience: number
  private waiting: Waiting | undefined
  private stopped = false
  private death: ThreadDied | undefined

  /** Each answer may take `patience` milliseconds; then the thread counts as hanging, and is ended. */
  constructor(program: URL, data: ThreadData, patience: number) {
    this.patience = patience
    this.worker = new Worker(program, { workerData: data })
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
    const hanging = setTimeout(() => this.hangs(), this.patience)
    try {
      return await promise
    } finally {
      clearTimeout(hanging)
    }
  }

  /** What it does may never end: only from outside can that be seen. */
  private hangs(): void {
    this.died(`no answer in ${this.patience / 1000} s: it hangs`)
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
