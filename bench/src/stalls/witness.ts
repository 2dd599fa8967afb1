import fs from 'node:fs'
import { basename } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'

/** What happened inside a server, or in the kernel on its behalf, that took its time. Times in milliseconds; `at` is that of the epoch. */
export interface Sighting {
  readonly what: string
  readonly at: number
  readonly took: number
  /** Of a long turn: the share of it that the process waited for a processor. */
  readonly waiting?: number
}

/** Shorter ones are not told. */
const leastMs = 10
const file = process.env['BENCH_WITNESS']

/**
 * Preloaded into a server (`node --import`): writes down collections, syncs and other work of the disk, and turns of the
 * event loop, that take long; and of a long turn whether this process was at work or waited for a processor.
 */
function watch(path: string): void {
  const log = fs.openSync(path, 'a')
  const { write } = fs
  const tell: Tell = (what, began, took, more = {}) => {
    if (took < leastMs) return
    const sighting: Sighting = { what, at: performance.timeOrigin + began, took, ...more }
    // by the function as it was: this is no work of the server
    write(log, `${JSON.stringify(sighting)}\n`, () => {})
  }
  watchCollections(tell)
  watchDisk(tell)
  watchTurns(tell)
}

type Tell = (what: string, began: number, took: number, more?: Pick<Sighting, 'waiting'>) => void

const kinds: Readonly<Record<number, string>> = { 1: 'scavenge', 4: 'mark-compact', 8: 'incremental marking' }

function watchCollections(tell: Tell): void {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry
      const kind = 'detail' in entry ? ((entry.detail as { kind?: number } | null)?.kind ?? 0) : 0
      tell(`garbage: ${kinds[kind] ?? 'weak callbacks'}`, startTime, duration)
    }
  }).observe({ entryTypes: ['gc'] })
}

/** The server calls these through the module's object, so whoever replaces them there is called. */
function watchDisk(tell: Tell): void {
  const names = new Map<number, string>()
  const { open, openSync } = fs
  const seen = (path: fs.PathLike, descriptor: number): number => {
    names.set(descriptor, nameOf(path))
    return descriptor
  }
  fs.openSync = (path, flags, mode) => seen(path, openSync(path, flags, mode))
  const plainOpen = open as (...all: unknown[]) => void
  const watchedOpen = (path: fs.PathLike, ...rest: unknown[]): void => {
    const done = rest.pop() as (error: Error | null, descriptor: number) => void
    plainOpen(path, ...rest, (error: Error | null, descriptor: number) =>
      done(error, error === null ? seen(path, descriptor) : descriptor),
    )
  }
  Object.assign(fs, { open: watchedOpen })
  for (const name of ['fdatasync', 'fsync', 'write', 'rename', 'unlink', 'read'] as const) {
    const original = fs[name] as (...all: unknown[]) => void
    const watched = (...all: unknown[]): void => {
      const done = all.pop() as (...answer: unknown[]) => void
      const [first] = all
      const of = typeof first === 'number' ? (names.get(first) ?? '') : nameOf(String(first))
      const began = performance.now()
      original(...all, (...answer: unknown[]) => {
        tell(`disk: ${name} ${of}`, began, performance.now() - began)
        done(...answer)
      })
    }
    Object.assign(fs, { [name]: watched })
  }
}

/** What is written aside and renamed goes by the name that it gets. */
function nameOf(path: fs.PathLike): string {
  return basename(String(path)).replace(/-aside$/, '')
}

/** How long the main thread has waited for a processor so far, in milliseconds: the scheduler's own count. */
function waited(): number {
  const [, ns = '0'] = fs.readFileSync('/proc/self/schedstat', 'utf8').split(' ')
  return Number(ns) / 1e6
}

const tick = 10

function watchTurns(tell: Tell): void {
  let [last, waitedBefore] = [performance.now(), waited()]
  setInterval(() => {
    const now = performance.now()
    const late = now - last - tick
    const waitedNow = waited()
    if (late >= leastMs) {
      tell('event loop', last + tick, late, { waiting: Math.min(1, (waitedNow - waitedBefore) / late) })
    }
    ;[last, waitedBefore] = [now, waitedNow]
  }, tick).unref()
}

if (file !== undefined) watch(file)
