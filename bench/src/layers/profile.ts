/** What V8's sampling profiler writes, as much of it as is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** In microseconds of the machine's monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** A part of a server to which time is charged, or what V8 reports beside functions. */
export type Layer =
  | 'front: etcd'
  | 'front: grpc'
  | 'member'
  | 'engine'
  | 'journal'
  | 'store'
  | 'disk'
  | 'transport'
  | 'rest'
  | 'garbage collector'
  | 'outside of JavaScript'
  | 'idle'

/** The rooms by the folder of a source; `core` is charged to whoever called it. */
const folders: readonly (readonly [RegExp, Layer])[] = [
  [/\/(server|synod)\/(src|dist)\/grpc\//, 'front: grpc'],
  [/\/server\/(src|dist)\/(etcd|proto|http)\//, 'front: etcd'],
  [/\/synod\/(src|dist)\/member\//, 'member'],
  [/\/synod\/(src|dist)\/protocols\//, 'engine'],
  [/\/synod\/(src|dist)\/journal\//, 'journal'],
  [/\/synod\/(src|dist)\/store\//, 'store'],
  [/\/synod\/(src|dist)\/runtime\/transport\//, 'transport'],
  [/\/synod\/(src|dist)\/runtime\/(node-disk|open-file|zero-fill)/, 'disk'],
]

const special: Readonly<Record<string, Layer>> = {
  '(garbage collector)': 'garbage collector',
  '(program)': 'outside of JavaScript',
  '(idle)': 'idle',
}

/**
 * Microseconds of each layer between two moments of the monotonic clock. A function's own time counts for the nearest
 * layer up its stack: what Node.js does to write to a socket belongs to whoever writes.
 */
export function layersOf(profile: CpuProfile, from: number, to: number): Map<Layer, number> {
  const layers = layerOfNodes(profile.nodes)
  const sums = new Map<Layer, number>()
  forEachSample(profile, from, to, (node, us) => {
    const layer = layers.get(node) ?? 'rest'
    sums.set(layer, (sums.get(layer) ?? 0) + us)
  })
  return sums
}

/** The functions with the most time of their own, as `[microseconds, name]`. */
export function hottest(profile: CpuProfile, from: number, to: number, count: number): [number, string][] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const sums = new Map<string, number>()
  forEachSample(profile, from, to, (node, us) => {
    const name = names.get(node) ?? ''
    sums.set(name, (sums.get(name) ?? 0) + us)
  })
  const sorted = [...sums].map(([name, us]): [number, string] => [us, name]).toSorted(([a], [b]) => b - a)
  return sorted.slice(0, count)
}

function nameOf({ functionName, url }: ProfileNode['callFrame']): string {
  const file = url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` ${file}`}`
}

function forEachSample(
  { samples, timeDeltas, startTime }: CpuProfile,
  from: number,
  to: number,
  each: (node: number, us: number) => void,
): void {
  let at = startTime
  for (const [i, node] of samples.entries()) {
    at += timeDeltas[i] ?? 0
    // a sample stands for the time until the next one
    const until = at + (timeDeltas[i + 1] ?? 0)
    if (at >= from && until <= to) each(node, until - at)
  }
}

function layerOfNodes(nodes: readonly ProfileNode[]): Map<number, Layer> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Map<number, Layer>()
  const children = new Set(nodes.flatMap(({ children: ids = [] }) => ids))
  const stack = nodes.filter(({ id }) => !children.has(id)).map((node) => ({ node, above: 'rest' as Layer }))
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, above } = next
    const { functionName, url } = node.callFrame
    const layer = special[functionName] ?? folders.find(([folder]) => folder.test(url))?.[1] ?? above
    found.set(node.id, layer)
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) stack.push({ node: child, above: layer })
    }
  }
  return found
}
