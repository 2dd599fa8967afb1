import { closeSync, fdatasyncSync, fsyncSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../exit.ts'
import { size } from '../output.ts'
import { ok, problem, warning } from './finding.ts'
import type { Finding } from './finding.ts'

const recordBytes = 256
const records = 250
const patienceMs = 2000
/** etcd's guidance (its FAQ, and its metrics): beyond, a disk is too slow for a busy cluster. */
const guidanceMs = 10
/** Two segments of the journal, and what a snapshot leaves of it. */
const journalBytes = 512 * 1024 * 1024
const almostNothing = 128 * 1024 * 1024

/** Of syncs on one disk, in milliseconds. */
export interface SyncTimes {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

/**
 * How long the disk under a directory takes to make 256 bytes durable, as the journal writes them: one after the other, into space
 * that was filled before, each with fdatasync. The file is gone when it returns.
 */
export function measureSyncs(directory: string): SyncTimes {
  const path = join(directory, `.doctor-${process.pid}`)
  const descriptor = openSync(path, 'wx', 0o600)
  const times: number[] = []
  try {
    writeSync(descriptor, new Uint8Array(recordBytes * records))
    fsyncSync(descriptor)
    const record = new Uint8Array(recordBytes).fill(1)
    const until = performance.now() + patienceMs
    for (let i = 0; i < records && performance.now() < until; i++) {
      const began = performance.now()
      writeSync(descriptor, record, 0, recordBytes, i * recordBytes)
      fdatasyncSync(descriptor)
      times.push(performance.now() - began)
    }
  } finally {
    closeSync(descriptor)
    unlinkSync(path)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0
  return { p50: at(0.5), p99: at(0.99), count: times.length }
}

export function checkSyncs(directory: string, heartbeatInterval: number): Finding {
  try {
    return judgeSyncs(measureSyncs(directory), heartbeatInterval)
  } catch (error) {
    const found = `${directory} cannot be written: ${messageOf(error)}`
    return problem('disk sync', found, 'run this as the user that the member runs as, or give that user the directory')
  }
}

export function judgeSyncs({ p50, p99, count }: SyncTimes, heartbeatInterval: number): Finding {
  const found = `256 bytes are durable after ${p50.toFixed(2)} ms (p50), ${p99.toFixed(2)} ms (p99), of ${count} syncs`
  const faster = 'use a local SSD with a cache that survives a loss of power, and nothing else that writes to it'
  if (p99 > heartbeatInterval) {
    const slower = `longer than a heartbeat (${heartbeatInterval} ms): leaders will be lost to it`
    return problem(
      'disk sync',
      `${found}; ${slower}`,
      `${faster}, or raise --heartbeat-interval and --election-timeout`,
    )
  }
  if (p99 > guidanceMs) return warning('disk sync', `${found}; p99 should be below ${guidanceMs} ms`, faster)
  return ok('disk sync', found)
}

export function checkSpace(directory: string, usedBytes: number, quotaBytes: number): Finding {
  const { bavail, bsize } = statfsSync(directory)
  return judgeSpace(bavail * bsize, usedBytes, quotaBytes)
}

/** A full store is on the disk twice while a snapshot is taken, beside the journal. */
export function judgeSpace(freeBytes: number, usedBytes: number, quotaBytes: number): Finding {
  const needed = 2 * quotaBytes + journalBytes
  const found = `${size(freeBytes)} free, ${size(usedBytes)} used by this member`
  if (freeBytes < almostNothing) {
    return problem('disk space', found, 'make room: when it is full, writes are refused until there is some')
  }
  if (freeBytes + usedBytes < needed) {
    const reason = `the quota of ${size(quotaBytes)} may come to need ${size(needed)}`
    return warning('disk space', `${found}; ${reason}`, 'enlarge the disk, or lower --quota-backend-bytes')
  }
  return ok('disk space', found)
}
