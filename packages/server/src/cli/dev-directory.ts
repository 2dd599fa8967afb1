import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDirectory, StartFailed } from 'synod/runtime'
import { CommandError } from './exit.ts'

/** What the members' ids depend on: with others, they would not know their own data. */
export interface DevShape {
  readonly nodes: number
  readonly basePort: number
  /** The members' URLs are `https://`. */
  readonly tls: boolean
}

/** Of the file that remembers it. */
const version = 1

/** Makes the directory, and remembers which cluster it is of. Throws a `CommandError` that names the flag. */
export function claimDirectory(directory: string, shape: DevShape): void {
  guarded(directory, () => {
    createDirectory(directory)
    const file = join(directory, 'cluster.json')
    const held = readdirSync(directory).some((name) => /^m\d$/.test(name)) ? shapeIn(file) : undefined
    if (held === undefined) return writeFileSync(file, `${JSON.stringify({ v: version, ...shape })}\n`, { mode: 0o600 })
    if (held.nodes === shape.nodes && held.basePort === shape.basePort && held.tls === shape.tls) return
    throw new CommandError(
      `--data-dir ${directory} holds a cluster of --nodes ${held.nodes} on --base-port ${held.basePort}${held.tls ? ' --tls' : ', without --tls'}: ` +
        'start it with these, give another --data-dir, or delete this one',
    )
  })
}

/** Opens a log for appending. Throws a `CommandError` that names the flag. */
export function openLog(directory: string, name: string): number {
  return guarded(directory, () => openSync(join(directory, name), 'a', 0o600))
}

function shapeIn(file: string): DevShape | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const written = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined
    if (typeof written === 'number' && written !== version) {
      throw new CommandError(
        `${file} is of version ${written}, and this program knows version ${version}: start it with the one that wrote it, or give another --data-dir`,
      )
    }
    return written === version && isShape(value) ? value : undefined
  } catch (error) {
    // Absent, or cut off by a crash: it only serves to explain, and the members know their own data.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return undefined
    throw error
  }
}

function isShape(value: unknown): value is DevShape {
  return (
    typeof value === 'object' &&
    value !== null &&
    'nodes' in value &&
    typeof value.nodes === 'number' &&
    'basePort' in value &&
    typeof value.basePort === 'number' &&
    'tls' in value &&
    typeof value.tls === 'boolean'
  )
}

function guarded<Result>(directory: string, use: () => Result): Result {
  try {
    return use()
  } catch (error) {
    if (error instanceof StartFailed) throw new CommandError(`--data-dir: ${error.message}`)
    if (error instanceof Error && 'syscall' in error)
      throw new CommandError(`--data-dir ${directory} cannot be used: ${error.message}`)
    throw error
  }
}
