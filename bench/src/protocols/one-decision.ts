import type { Milliseconds, NodeId } from 'synod'
import { simulate, type Inhabitant, type Json, type Plan, type RunOptions, type Subject } from 'synod/simulator'
import { names, stepsIn, times, type Steps } from './steps.ts'

/** A protocol that decides once: how it is set up, and what is asked of whom. */
export interface OneDecision<Dweller extends Inhabitant, Node> {
  readonly subject: Subject<Dweller, Node>
  readonly settings: Json
  readonly operation: Json
  readonly asked: 'one' | 'all'
}

/** From the moment at which it was asked for. */
export interface Cost {
  /** Those to oneself, and those of a failure detector, left out. */
  readonly messages: number
  /** Until one of those that were asked knows what is decided, and until all do. */
  readonly asked: Steps
  readonly all: Steps
}

/** All have met by then, and have told each other that they live. */
const askedAt: Milliseconds = 300

/** Counts what the participants say that they do. */
export function costOf<Dweller extends Inhabitant, Node>(one: OneDecision<Dweller, Node>, n: number): Cost {
  let messages = 0
  const decided = new Map<NodeId, Milliseconds>()
  const plan = planOf(one, n, 50)
  play(one, plan, (at, id, _level, message, fields) => {
    if (message === 'decides') decided.set(id, at - askedAt)
    if (message === 'sends' && !isOfDetector(fields)) messages++
  })
  if (decided.size !== n) throw new Error(`only ${[...decided.keys()].join(', ')} have decided`)
  const asked = plan.operations.map(({ node }) => decided.get(node) ?? Infinity)
  return { messages, asked: stepsIn(Math.min(...asked)), all: stepsIn(Math.max(...decided.values())) }
}

/** Whether those that are left decide, when so many have crashed just before anything was asked: the last ones. */
export function decidesWithout<Dweller extends Inhabitant, Node>(
  one: OneDecision<Dweller, Node>,
  n: number,
  crashed: number,
): boolean {
  const plan = planOf(one, n, 60_000)
  const dead = plan.nodes.slice(n - crashed)
  const faults = dead.map((node) => ({ type: 'crash' as const, node, at: askedAt - 1, for: 2 * plan.duration }))
  const decided = new Set<NodeId>()
  play(one, { ...plan, faults }, (_at, id, _level, message) => {
    if (message === 'decides') decided.add(id)
  })
  if (decided.size > 0 && decided.size < n - crashed) throw new Error(`only ${[...decided].join(', ')} have decided`)
  return decided.size > 0
}

/** How many messages a failure detector sends in so long, while all are up. */
export function messagesIn<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  settings: Json,
  n: number,
  time: Milliseconds,
): number {
  const one = { subject, settings, operation: {}, asked: 'one' as const }
  let messages = 0
  play(one, planOf(one, n, time), (at, _id, _level, message) => {
    if (message === 'sends' && at > askedAt) messages++
  })
  return messages
}

function planOf<Dweller extends Inhabitant, Node>(
  { subject, settings, operation, asked }: OneDecision<Dweller, Node>,
  n: number,
  time: Milliseconds,
): Plan {
  const nodes = names(n)
  const those = asked === 'all' ? nodes : nodes.slice(0, 1)
  return {
    ...times,
    protocol: subject.name,
    seed: 1,
    nodes,
    settings,
    skew: {},
    operations: those.map((node) => ({ at: askedAt, client: node, node, operation })),
    faults: [],
    errands: [],
    deviations: [],
    duration: askedAt + time,
    patience: 0,
  }
}

function play<Dweller extends Inhabitant, Node>(
  { subject }: OneDecision<Dweller, Node>,
  plan: Plan,
  log: NonNullable<RunOptions['log']>,
): void {
  const { violation } = simulate(subject, plan, { log })
  if (violation !== undefined) throw new Error(`${violation.invariant}: ${violation.message}`)
}

function isOfDetector(fields: object | undefined): boolean {
  const { message } = (fields ?? {}) as { readonly message?: { readonly type?: string } }
  return message?.type === 'detector'
}
