import type { Fault, FaultType, Plan } from 'synod/simulator'
import { faultsOf, faultTypes } from './fault-shapes.ts'
import { readJson, Value } from './json-shape.ts'
import type { Protocol } from './protocols.ts'

/** What is fixed of the plans that seeds draw; the rest each seed draws for itself. */
export interface Scenario {
  /** How many. */
  readonly nodes?: number
  /** How long faults and clients go on, in milliseconds. */
  readonly duration?: number
  /** The clients' operations a second, all together. */
  readonly load?: number
  /** Kinds of faults that are not drawn; `errands`: what an administrator does is not; `all`: nothing of it is. */
  readonly without?: readonly (FaultType | 'errands')[] | 'all'
  /** Exactly these happen, and none is drawn. */
  readonly faults?: readonly Fault[]
  /** Of the protocol: laid over what is drawn. */
  readonly settings?: unknown
}

const fields = ['nodes', 'duration', 'load', 'without', 'faults', 'settings'] as const
const nodesMax = 26
const dayMs = 86_400_000

/** Throws `UsageError`, with the path of what cannot be meant. */
export function readScenario(file: string, protocol: Protocol): Scenario {
  return scenarioOf(new Value(file, readJson(file)), protocol)
}

/** Throws `UsageError`. */
export function scenarioOf(value: Value, protocol: Protocol): Scenario {
  const { nodes, duration, load, without, faults, settings } = value.record(fields)
  if (faults !== undefined && without !== undefined)
    value.expected('either without, which leaves out what is drawn, or faults, in whose place nothing is drawn')
  if (faults !== undefined && nodes === undefined)
    value.expected('nodes beside faults, which name them: otherwise each seed draws how many there are')
  const count = nodes?.wholeNumber(1, nodesMax)
  const length = duration?.number(1, dayMs)
  return {
    ...(count === undefined ? {} : { nodes: count }),
    ...(length === undefined ? {} : { duration: length }),
    ...(load === undefined ? {} : { load: load.number(0.001, 100_000) }),
    ...(without === undefined ? {} : { without: withoutOf(without) }),
    ...(faults === undefined || count === undefined ? {} : { faults: exactly(faults, protocol, count, length) }),
    ...(settings === undefined ? {} : { settings: settingsOf(settings, protocol) }),
  }
}

/** Those of its own that a protocol refuses, it refuses at once. */
function settingsOf(value: Value, protocol: Protocol): unknown {
  const settings = protocol.settings === undefined ? value.unchecked : value.like(protocol.settings)
  const plan = planOf(protocol, 1, { duration: 1, without: 'all', settings })
  const { violation } = protocol.run({ ...plan, operations: [], patience: 0 })
  if (violation !== undefined) value.expected(`settings with which ${protocol.name} starts (${violation.message})`)
  return settings
}

function exactly(value: Value, protocol: Protocol, nodes: number, duration = Infinity): readonly Fault[] {
  const faults = faultsOf(value, protocol.draw(1, { nodes, duration: 1 }).nodes)
  for (const [i, { at }] of faults.entries())
    if (at >= duration) value.list()[i]?.expected(`a fault that begins before ${duration} ms, when all is over`)
  return faults
}

function withoutOf(value: Value): NonNullable<Scenario['without']> {
  return value.unchecked === 'all' ? 'all' : value.list().map((type) => type.oneOf([...faultTypes, 'errands']))
}

/** The plan of a seed in this scenario. */
export function planOf(protocol: Protocol, seed: number, scenario: Scenario): Plan {
  const { nodes, duration, load, without, faults = [], settings } = scenario
  const left = scenario.faults === undefined ? without : 'all'
  const fixed = {
    ...(nodes === undefined ? {} : { nodes }),
    ...(duration === undefined ? {} : { duration }),
    ...(load === undefined ? {} : { load }),
    ...(left === undefined ? {} : { without: left }),
  }
  const drawn = protocol.draw(seed, fixed)
  // Unless it is said how long all goes on, no fault comes too late for it.
  const end = Math.max(0, ...faults.map((fault) => fault.at + ('for' in fault ? fault.for : 1)))
  const isShort = duration === undefined && drawn.duration < end
  const plan = isShort ? protocol.draw(seed, { ...fixed, duration: end }) : drawn
  return {
    ...plan,
    ...(scenario.faults === undefined ? {} : { faults: faults.toSorted((a, b) => a.at - b.at) }),
    ...(settings === undefined ? {} : { settings: laidOver(plan.settings, settings) }),
  }
}

function laidOver(drawn: unknown, fixed: unknown): unknown {
  if (!isObject(drawn) || !isObject(fixed)) return fixed
  const own = Object.entries(fixed).map(([name, value]) => [name, laidOver(drawn[name], value)] as const)
  return { ...drawn, ...Object.fromEntries(own) }
}

function isObject(json: unknown): json is { readonly [name: string]: unknown } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
