import type { ClientOperation, Deviation } from 'synod/simulator'
import { newcomersIn, nodeName } from './errand-shapes.ts'
import { checkDuration, faultsOf } from './fault-shapes.ts'
import type { Value } from './json-shape.ts'
import type { Protocol } from './protocols.ts'

const dayMs = 86_400_000
const longest = 1e9
const fields = [
  'protocol',
  'seed',
  'nodes',
  'settings',
  'latency',
  'diskTime',
  'syncTime',
  'skew',
  'duration',
  'patience',
  'faults',
  'errands',
  'operations',
  'deviations',
] as const
const operationFields = ['at', 'client', 'node', 'operation'] as const satisfies readonly (keyof ClientOperation)[]
const deviationFields = ['link', 'frame', 'fate'] as const satisfies readonly (keyof Deviation)[]

/**
 * Looks at all of a plan that may have been edited by hand: a run of one that makes no sense would end in the middle, or
 * never. Throws `UsageError`, with the path of what cannot be meant.
 */
export function checkPlan(plan: Value, protocol: Protocol): void {
  const { seed, nodes, settings, latency, diskTime, syncTime, skew, duration, patience, ...events } = plan.whole(fields)
  seed.wholeNumber(0, Number.MAX_SAFE_INTEGER)
  duration.number(1, dayMs)
  patience.number(0, dayMs)
  for (const time of [latency, diskTime, syncTime]) checkDuration(time)
  const first = checkNodes(nodes)
  for (const difference of Object.values(skew.record(first))) difference.number(-longest, longest)
  if (protocol.settings !== undefined) settings.like(protocol.settings)
  const all = [...first, ...newcomersIn(events.errands, protocol)]
  faultsOf(events.faults, all)
  for (const one of events.operations.list()) checkOperation(one, all, protocol)
  for (const one of events.deviations.list()) checkDeviation(one, all)
}

function checkNodes(value: Value): readonly string[] {
  const nodes = value.list().map(nodeName)
  if (nodes.length === 0 || new Set(nodes).size < nodes.length) value.expected('nodes, each of them once')
  return nodes
}

function checkOperation(value: Value, nodes: readonly string[], protocol: Protocol): void {
  const { at, client, node, operation } = value.whole(operationFields)
  at.number(0, longest)
  client.like('')
  node.oneOf(nodes)
  try {
    protocol.describe(operation.unchecked)
  } catch {
    // Whatever it stumbled over, it can make nothing of this.
    operation.expected(`an operation of ${protocol.name}`)
  }
}

function checkDeviation(value: Value, nodes: readonly string[]): void {
  const { link, frame, fate } = value.whole(deviationFields)
  link.oneOf(nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => `${from}>${to}`)))
  frame.wholeNumber(0, Number.MAX_SAFE_INTEGER)
  fate.oneOf(['lost', 'doubled', 'damaged'])
}
