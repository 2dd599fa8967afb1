import { readdirSync, readFileSync } from 'node:fs'

/** What a thread of a server is there for. */
export type ThreadKind = 'main thread' | "libuv's pool" | "V8's helpers"

/** Processor time of a process's threads so far, in microseconds, by what they are there for: the scheduler's own count. */
export function threadsUs(pid: number): Record<ThreadKind, number> {
  const sums: Record<ThreadKind, number> = { 'main thread': 0, "libuv's pool": 0, "V8's helpers": 0 }
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`
    // nanoseconds on a processor, waiting for one, and how often
    const [ns = '0'] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ')
    const name = readFileSync(`${folder}/comm`, 'utf8')
    // what the profiler itself costs is no part of a put
    if (name.startsWith('v8:Prof')) continue
    const kind = Number(thread) === pid ? 'main thread' : name.startsWith('libuv') ? "libuv's pool" : "V8's helpers"
    sums[kind] += Number(ns) / 1000
  }
  return sums
}
