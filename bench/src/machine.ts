import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** The kernel counts processor time in hundredths of a second, so only runs of some seconds say anything. */
const tickUs = 10_000

/** Processor time that a process and all its threads have used, in microseconds. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // the command's name is in parentheses and may contain anything, spaces too
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickUs
}

/** Processor time of the whole machine: used by anybody, and there to be used. */
export function machineUs(): { busy: number; total: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const ticks = line.split(/\s+/).slice(1, 9).map(Number)
  const total = ticks.reduce((sum, one) => sum + one, 0)
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0)
  return { busy: (total - idle) * tickUs, total: total * tickUs }
}

/** The median time of an append of 256 bytes and its fdatasync, to a file that was filled with zeros before. */
export function syncP50Us(directory: string): number {
  const file = join(directory, 'sync-probe')
  const fd = openSync(file, 'w')
  try {
    const times = 500
    const record = Buffer.alloc(256, 'x')
    writeSync(fd, Buffer.alloc(times * record.length))
    fsyncSync(fd)
    const took = Array.from({ length: times }, (_, i) => {
      const began = performance.now()
      writeSync(fd, record, 0, record.length, i * record.length)
      fdatasyncSync(fd)
      return performance.now() - began
    })
    return 1000 * (took.toSorted((a, b) => a - b)[times >> 1] ?? 0)
  } finally {
    closeSync(fd)
    rmSync(file)
  }
}

/** What a result means nothing without. */
export function conditions(directory: string, syncUs: number = syncP50Us(directory)): string {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return [
    `${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${gib} GiB, Linux ${release()}`,
    `fdatasync p50 ${Math.round(syncUs)} µs`,
    `Node ${process.versions.node}`,
    firstLine('h2load', ['--version']),
  ].join('; ')
}

/** The first line that a program prints, such as its version. */
export function firstLine(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0] ?? ''
}
