import { drawPlan, simulate, type Inhabitant, type Plan, type Subject, type TraceStep } from 'synod/simulator'
import { chandraTouegSubject, detectorSubject, raftSubject } from 'synod/testing'
import { subject as mendedPaxos } from '../../../examples/mended-paxos.ts'
import { subject as paxos } from '../../../examples/paxos.ts'

/** One run, as much of it as another home needs to find out whether it came to the same: plain data. */
export interface TracedRun {
  /** `raft, seed 3`. */
  readonly name: string
  readonly nodes: Plan['nodes']
  readonly hash: string
  readonly steps: readonly TraceStep[]
  /** What was broken, with the words and numbers in which it was told. */
  readonly violation: string | undefined
}

export function tracedRun<Dweller extends Inhabitant, Node>(subject: Subject<Dweller, Node>, plan: Plan): TracedRun {
  const { trace, violation } = simulate(subject, plan, { keepSteps: true })
  return {
    name: `${subject.name}, seed ${plan.seed}`,
    nodes: plan.nodes,
    hash: trace.hash,
    steps: trace.steps ?? [],
    violation: violation && `${violation.invariant}: ${violation.message} at ${violation.at}`,
  }
}

/** The same every time, everywhere: Raft under the store, and bare protocols with and without a bug, under all faults. */
export function tracedRuns(): TracedRun[] {
  const raft = [1, 2, 3, 4, 5, 6].map((seed) =>
    tracedRun(raftSubject, drawPlan(raftSubject, seed, { duration: 10_000 })),
  )
  const bare = [paxos, mendedPaxos].flatMap((subject) =>
    [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => tracedRun(subject, drawPlan(subject, seed))),
  )
  // Two of these seeds draw φ, of both distributions: arithmetic that two engines might do differently.
  const detectors = [1, 2, 5].map((seed) =>
    tracedRun(detectorSubject, drawPlan(detectorSubject, seed, { duration: 5000 })),
  )
  const consensus = [1, 2].map((seed) =>
    tracedRun(chandraTouegSubject, drawPlan(chandraTouegSubject, seed, { duration: 5000 })),
  )
  return [...raft, ...bare, ...detectors, ...consensus]
}
