import { parentPort } from 'node:worker_threads'
import { sizeOf, type Plan } from 'synod/simulator'
import type { Protocol, Told } from './protocols.ts'
import { planOf } from './scenario.ts'
import type { Reply, Result, Small, Task, ThreadData } from './tasks.ts'

/** Answers the tasks of the thread that started this one, one after the other. */
export function serve(protocol: Protocol, data: ThreadData): void {
  parentPort?.on('message', (task: Task) => {
    parentPort?.postMessage(answer(protocol, data, task), [])
  })
}

function answer(protocol: Protocol, { scenario, beats }: ThreadData, task: Task): Reply {
  const beat = (): void => void Atomics.add(beats, 0, 1)
  switch (task.type) {
    case 'run':
      return { type: 'ran', result: play(protocol, planOf(protocol, task.seed, scenario), task.tell, beat) }
    case 'replay':
      return { type: 'ran', result: play(protocol, task.plan, task.tell, beat) }
    case 'shrink':
      return { type: 'shrunk', small: makeSmall(protocol, task, beat) }
  }
}

function play(protocol: Protocol, plan: Plan, tell: boolean, beat: () => void): Result {
  const told: Told[] = []
  const outcome = protocol.run(plan, { tell: tell ? (one) => void told.push(one) : undefined, beat })
  const { violation, trace, simulated, answers, errands, situations, reached, fired, silent, progress, figures } =
    outcome
  const { hash, count } = trace
  return {
    plan,
    violation,
    trace: hash,
    events: count,
    simulated,
    answers,
    errands,
    situations,
    reached,
    fired,
    silent,
    progress,
    figures,
    told,
  }
}

function makeSmall(protocol: Protocol, task: Extract<Task, { type: 'shrink' }>, beat: () => void): Small | undefined {
  const deadline = performance.now() + task.milliseconds
  const shrunk = protocol.shrink(task.plan, task.invariant, {
    beat,
    enough: () => performance.now() > deadline || Atomics.load(task.enough, 0) !== 0,
    progress: (plan, runs) => {
      parentPort?.postMessage({ type: 'smaller', events: sizeOf(plan), runs } satisfies Reply, [])
    },
  })
  if (shrunk === undefined) return undefined
  const { plan, outcome, runs } = shrunk
  return { plan, violation: outcome.violation, trace: outcome.trace.hash, runs }
}
