import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'
import { messageOf, UsageError } from './exit.ts'

/**
 * So much of a file or of standard input is read, and no more: devices and pipes may have no end, and one string holds
 * twice as much at most. A history of this size takes ten times as much memory, and a minute.
 */
export const inputBytesMax = 256_000_000
const chunkBytes = 1 << 20

/** What was read is too large, or no UTF-8: it cannot be what its reader expects. */
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

  /** What is no UTF-8 is not guessed at: two different values would become the same one. */
  text(): string {
    const bytes = Buffer.concat(this.chunks)
    if (isUtf8(bytes)) return bytes.toString('utf8')
    const { line, offset } = firstInvalid(bytes)
    const byte = (bytes[offset] ?? 0).toString(16).padStart(2, '0')
    throw new NotText(
      `${this.name}: line ${line}: expected UTF-8, found the byte 0x${byte} at offset ${offset} of the file, which is none there: ` +
        'convert it, as in iconv -f latin1 -t utf-8',
    )
  }
}

/** Where the first character begins that is none; offsets count from 0, lines from 1. */
function firstInvalid(bytes: Uint8Array): { readonly line: number; readonly offset: number } {
  let line = 1
  for (let offset = 0; offset < bytes.length;) {
    const lead = bytes[offset] ?? 0
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (length > 1 && !isUtf8(bytes.subarray(offset, offset + length))) return { line, offset }
    if (lead === 10) line++
    offset += length
  }
  return { line, offset: bytes.length }
}
