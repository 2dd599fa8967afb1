import { join } from 'node:path'
import { synod } from '../cluster.ts'
import { LoadedCluster, type Measured, total } from '../loaded-cluster.ts'
import { putRow, type Row } from '../rows.ts'

/** What a put costs at one size of what grows. */
export interface Point {
  readonly size: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  /** Of the machine, by strangers. */
  readonly foreign: number
}

/** One thing that grows, everything else being equal. */
export interface Series {
  readonly title: string
  /** What grows, with its unit. */
  readonly across: string
  /** The load at which it is looked at. */
  readonly load: string
  measure(effort: Effort): Promise<Point[]>
}

/** How much is measured. */
export interface Effort {
  readonly folder: string
  /** Of each point, about. */
  readonly seconds: number
  /** No size is beyond it: short runs leave the large ones out. */
  readonly max: number
}

const busy = putRow(8, 32)

/** By name. */
export const allSeries: Readonly<Record<string, Series>> = {
  keys: {
    title: 'Keys in the store',
    across: 'keys',
    load: 'c8 m32, random keys',
    measure: async (effort) =>
      each([1000, 10_000, 100_000, 1_000_000], effort, {}, async (cluster, keys) => {
        const row: Row = { ...busy, keys }
        // drawn at random, so many put nearly all of them
        await fill(cluster, row, 3 * keys)
        return row
      }),
  },
  'value size': {
    title: 'Size of a value',
    across: 'bytes',
    load: 'c8 m1, one key',
    measure: async (effort) =>
      each([16, 256, 4096, 65_536, 1_048_576], effort, {}, async (_, valueBytes) => ({ ...putRow(8, 1), valueBytes })),
  },
  log: {
    title: 'Puts since the start',
    across: 'puts',
    load: 'c8 m32, one key, old revisions compacted',
    measure: async (effort) => {
      let done = 0
      return each([30_000, 100_000, 300_000, 1_000_000, 3_000_000], effort, {}, async (cluster, puts) => {
        await fill(cluster, busy, puts - done)
        done = puts
        return busy
      })
    },
  },
  members: {
    title: 'Members',
    across: 'members',
    load: 'c8 m32, one key',
    measure: async (effort) => {
      const points: Point[] = []
      for (const size of [1, 3, 5]) points.push(...(await each([size], effort, { size }, async () => busy)))
      return points
    },
  },
  connections: {
    title: 'Connections',
    across: 'connections',
    load: '4 000 puts a second, one key',
    measure: async (effort) =>
      each([1, 4, 16, 64, 256, 1000, 2000], effort, {}, async (_, count) => ({
        ...putRow(count, 1),
        keys: 1,
        rate: 4000,
      })),
  },
}

/** The sizes one after the other on one cluster, which `prepare` brings to each size; it answers the load to look with. */
async function each(
  sizes: readonly number[],
  { folder, seconds, max }: Effort,
  make: { readonly size?: number },
  prepare: (cluster: LoadedCluster, size: number) => Promise<Row>,
): Promise<Point[]> {
  const cluster = new LoadedCluster('synod', synod, join(folder, crypto.randomUUID()), make)
  await cluster.start('growth')
  const points: Point[] = []
  try {
    for (const size of sizes.filter((one) => one <= max)) {
      const row = await prepare(cluster, size)
      const leader = await cluster.leader()
      // no fewer than h2load has streams to fill, and no more than a slow row can do in a moment
      const least = Math.max(200, 4 * row.connections * row.streams)
      const { perSecond } = await cluster.load(leader, row, least)
      const measured = await cluster.load(leader, row, Math.max(least, Math.ceil(perSecond * seconds)))
      points.push(pointOf(size, measured))
      console.error(JSON.stringify(points.at(-1)))
    }
  } finally {
    await cluster.stop()
  }
  return points
}

function pointOf(size: number, { cpu, p50Ms, p99Ms, perSecond, foreign }: Measured): Point {
  return { size, cpuUs: total(cpu), p50Ms, p99Ms, perSecond, foreign }
}

/** In pieces: each ends with a compaction of what it left behind. */
async function fill(cluster: LoadedCluster, row: Row, puts: number): Promise<void> {
  const piece = 200_000
  for (let left = puts; left > 0; left -= piece) await cluster.load(await cluster.leader(), row, Math.min(left, piece))
}
