/** A header that is the same in every request. */
interface Constant {
  readonly bytes: Buffer
  readonly size: number
  /** Which insertion into the dynamic table it was; 0: none yet. */
  at: number
}

const tableBytesMax = 4096
const firstDynamic = 62
const perEntry = 32
const timeoutName = Buffer.from('grpc-timeout')
const timeoutLength = 8

/**
 * The header blocks of gRPC's Go client (HPACK, RFC 7541, without Huffman): every field goes into the dynamic table, also the
 * `grpc-timeout` that is another one each time, so that no block is like the one before, and the constant ones fall out
 * of the table now and then. It writes bytes where it is told and keeps no strings: it must cost less than what it measures.
 */
export class HeaderEncoder {
  private readonly constants: readonly Constant[]
  private readonly sizes: number[] = []
  private first = 0
  private inserted = 0
  private evicted = 0
  private used = 0
  private at = 0

  constructor(headers: readonly (readonly [string, string])[]) {
    this.constants = headers.map(([name, value]) => ({
      bytes: Buffer.concat([Buffer.from([0x40]), text(name), text(value)]),
      size: name.length + value.length + perEntry,
      at: 0,
    }))
  }

  /** The block of the next request, from `at` on; answers its end. The timeout has seven digits, in microseconds. */
  write(out: Buffer, at: number, timeoutUs: number): number {
    this.at = at
    out[this.at++] = 0x83 // :method POST, as RFC 7541's static table has it
    out[this.at++] = 0x86 // :scheme http
    for (const constant of this.constants) {
      if (constant.at > this.evicted) {
        this.integer(out, 0x80, 7, firstDynamic + this.inserted - constant.at)
      } else {
        out.set(constant.bytes, this.at)
        this.at += constant.bytes.length
        constant.at = this.insert(constant.size)
      }
    }
    this.timeout(out, timeoutUs)
    return this.at
  }

  /** Its name is taken from the last one, which is the newest entry unless a constant came back after it. */
  private timeout(out: Buffer, us: number): void {
    if (this.lastTimeout > this.evicted) {
      this.integer(out, 0x40, 6, firstDynamic + this.inserted - this.lastTimeout)
    } else {
      out[this.at++] = 0x40
      out[this.at++] = timeoutName.length
      out.set(timeoutName, this.at)
      this.at += timeoutName.length
    }
    out[this.at++] = timeoutLength
    let rest = us
    for (let digit = timeoutLength - 2; digit >= 0; digit--) {
      out[this.at + digit] = 0x30 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    out[this.at + timeoutLength - 1] = 0x75 // u
    this.at += timeoutLength
    this.lastTimeout = this.insert(timeoutName.length + timeoutLength + perEntry)
  }

  private lastTimeout = 0

  private insert(size: number): number {
    this.sizes.push(size)
    this.used += size
    while (this.used > tableBytesMax) {
      this.used -= this.sizes[this.first++] ?? 0
      this.evicted++
    }
    if (this.first > 1024) {
      this.sizes.splice(0, this.first)
      this.first = 0
    }
    return ++this.inserted
  }

  private integer(out: Buffer, pattern: number, bits: number, value: number): void {
    const limit = 2 ** bits - 1
    if (value < limit) {
      out[this.at++] = pattern | value
      return
    }
    out[this.at++] = pattern | limit
    let rest = value - limit
    for (; rest > 127; rest >>>= 7) out[this.at++] = (rest & 127) | 128
    out[this.at++] = rest
  }
}

function text(string: string): Buffer {
  if (string.length > 126) throw new Error(`a header of ${string.length} bytes is longer than this encoder writes`)
  return Buffer.concat([Buffer.from([string.length]), Buffer.from(string)])
}
