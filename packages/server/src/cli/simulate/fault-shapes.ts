import { partitionShapes } from 'synod/simulator'
import type { Fault, FaultType } from 'synod/simulator'
import type { Value } from './json-shape.ts'

/** What a world has, for faults to happen to. */
type Nodes = readonly string[]
type Check = (value: Value, nodes: Nodes) => unknown

type Holding<One, Type> = One extends { readonly type: infer Types } ? (Type extends Types ? One : never) : never
type FieldsOf<Type extends FaultType> = Exclude<keyof Holding<Fault, Type>, 'type'>

const longest = 1e9
const time: Check = (value) => value.number(0, longest)
const spell = { at: time, for: time }
const share: Check = (value) => value.number(0, 1)
const node: Check = (value, nodes) => value.oneOf(nodes)
const onNode = { ...spell, node }
const links: Check = (value, nodes) => {
  const all = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => `${from}>${to}`))
  if (value.list().length === 0) value.expected('at least one link')
  for (const link of value.list()) link.oneOf(all)
}
const onLinks = { ...spell, links }

/** What each fault must say, no more and no less. */
const shapes: { readonly [Type in FaultType]: { readonly [Field in FieldsOf<Type>]: Check } } = {
  partition: { ...onLinks, shape: (value) => value.oneOf(partitionShapes) },
  loss: { ...onLinks, share },
  duplication: { ...onLinks, share },
  corruption: { ...onLinks, share },
  reordering: onLinks,
  latency: { ...onLinks, latency: checkDuration },
  drift: { ...onNode, rate: (value) => value.number(0.01, 100) },
  jump: { at: time, node, by: time },
  slow: { ...onNode, turn: time },
  stall: onNode,
  crash: onNode,
  powerCut: { ...onNode, operations: (value) => value.wholeNumber(0, longest) },
  blackout: { ...spell, except: (value, nodes) => value.list().map((id) => node(id, nodes)) },
  wipe: onNode,
  bitFlip: { ...onNode, flips: (value) => value.wholeNumber(1, 1000) },
  misdirectedWrite: onNode,
  failingSync: onNode,
  fullDisk: { ...onNode, spare: time },
  stalledDisk: onNode,
  slowDisk: { ...onNode, syncTime: time },
  unreadable: { ...onNode, blocks: (value) => value.wholeNumber(1, 1000) },
}

/** Every kind of fault that there is. */
export const faultTypes = Object.keys(shapes) as readonly FaultType[]

/** Throws `UsageError` for what is no list of faults that could happen to these nodes. */
export function faultsOf(value: Value, nodes: Nodes): readonly Fault[] {
  return value.list().map((one) => {
    const fields = one.record([...new Set(faultTypes.flatMap((type) => ['type', ...Object.keys(shapes[type])]))])
    const type = fields['type']?.oneOf(faultTypes) ?? one.expected('a fault with a type')
    const shape: Readonly<Record<string, Check>> = shapes[type]
    const own = one.whole(['type', ...Object.keys(shape)])
    for (const [name, check] of Object.entries(shape)) {
      const field = own[name]
      if (field !== undefined) check(field, nodes)
    }
    return one.unchecked as Fault
  })
}

/** Throws `UsageError` for what is no duration, as plans have it. */
export function checkDuration(value: Value): void {
  const numbers = { uniform: ['min', 'max'], exponential: ['min', 'mean'], stragglers: ['min', 'max', 'straggle'] }
  const known = ['kind', ...new Set(Object.values(numbers).flat())]
  const kind = value.record(known)['kind']?.oneOf(['uniform', 'exponential', 'stragglers'] as const)
  if (kind === undefined) return value.expected('a duration with a kind')
  const fields = value.whole(['kind', ...numbers[kind]])
  for (const name of numbers[kind]) fields[name]?.number(0, longest)
}
