import { closeSync, openSync, readSync } from 'node:fs'
import { messageOf, UsageError } from './exit.ts'

/**
 * So much of a file or of standard input is read, and no more: devices and pipes may have no end, and one string holds
 * twice as much at most. A history of this size takes ten times as much memory, and a minute.
 */
export const inputBytesMax = 256_000_000
const chunkBytes = 1 << 20

/** What was read is too large: it cannot be what its reader expects. */
export class NotText extends UsageError {}

/** Text from a file. Throws `UsageError`: it cannot be read, or is `NotText`. */
export function readText(file: string): string {
  const input = new Input(file)
  input.guard(() => {
    const descriptor = openSync(file, 'r')
    try {
      const chunk = Buffer.allocUnsafe(chunkBytes)
      for (let count = readSync(descriptor, chunk); count > 0; count = readSync(descriptor, chunk))
        input.add(Buffer.from(chunk.subarray(0, count)))
    } finally {
      closeSync(descriptor)
    }
  })
  return input.text()
}

/** The same from standard input. */
export async function readStandardInput(): Promise<string> {
  const input = new Input('standard input')
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) input.add(chunk)
  } catch (error) {
    throw input.unreadable(error)
  }
  return input.text()
}

class Input {
  private readonly name: string
  private readonly chunks: Uint8Array[] = []
  private size = 0

  constructor(name: string) {
    this.name = name
  }

  guard(read: () => void): void {
    try {
      read()
    } catch (error) {
      throw this.unreadable(error)
    }
  }

  unreadable(error: unknown): UsageError {
    if (error instanceof UsageError) return error
    return new UsageError(`${this.name} cannot be read: ${messageOf(error)}`, { cause: error })
  }

  add(chunk: Uint8Array): void {
    this.size += chunk.length
    if (this.size <= inputBytesMax) return void this.chunks.push(chunk)
    throw new NotText(
      `${this.name} has more than ${inputBytesMax / 1_000_000} MB, and no more is read. If it is a history, ` +
        'record it in parts: a shorter run, or fewer keys, to a file',
    )
  }

  text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}
