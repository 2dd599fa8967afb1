import { ConnectionError, defaultHeaderTableSize, ErrorCode } from './frames.ts'
import { decodeHuffman } from './huffman.ts'

/** A header field. A field of the dynamic table is shared by all header lists that refer to it. */
export class Field {
  readonly name: string
  readonly value: string
  constructor(name: string, value: string) {
    this.name = name
    this.value = value
  }

  /** RFC 7541 §4.1. */
  get size(): number {
    return this.name.length + this.value.length + fieldOverhead
  }
}

const fieldOverhead = 32

/** RFC 7541, Appendix A: names, and values where there are any. The first has index 1. */
const staticTable: readonly Field[] = [
  [':authority'],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language'],
  ['accept-ranges'],
  ['accept'],
  ['access-control-allow-origin'],
  ['age'],
  ['allow'],
  ['authorization'],
  ['cache-control'],
  ['content-disposition'],
  ['content-encoding'],
  ['content-language'],
  ['content-length'],
  ['content-location'],
  ['content-range'],
  ['content-type'],
  ['cookie'],
  ['date'],
  ['etag'],
  ['expect'],
  ['expires'],
  ['from'],
  ['host'],
  ['if-match'],
  ['if-modified-since'],
  ['if-none-match'],
  ['if-range'],
  ['if-unmodified-since'],
  ['last-modified'],
  ['link'],
  ['location'],
  ['max-forwards'],
  ['proxy-authenticate'],
  ['proxy-authorization'],
  ['range'],
  ['referer'],
  ['refresh'],
  ['retry-after'],
  ['server'],
  ['set-cookie'],
  ['strict-transport-security'],
  ['transfer-encoding'],
  ['user-agent'],
  ['vary'],
  ['via'],
  ['www-authenticate'],
].map(([name = '', value = '']) => new Field(name, value))

const firstDynamicIndex = staticTable.length + 1

/** The newest entry has the lowest index; entries are dropped from the other end (RFC 7541 §2.3.2). */
class DynamicTable {
  private readonly ring: (Field | undefined)[]
  private readonly mask: number
  private newest = 0
  count = 0
  private size = 0
  private capacity: number

  /** `limit` bounds every later `resize`. */
  constructor(limit: number) {
    let slots = 1
    while (slots < limit / fieldOverhead) slots *= 2
    this.ring = Array.from({ length: slots }, () => undefined)
    this.mask = slots - 1
    this.capacity = limit
  }

  /** 0 is the newest. */
  at(position: number): Field | undefined {
    return position < this.count ? this.ring[(this.newest - position) & this.mask] : undefined
  }

  /** A field larger than the table empties it, and is not an error (RFC 7541 §4.4). */
  add(field: Field): void {
    const size = field.size
    this.evict(this.capacity - size)
    if (size > this.capacity) return
    this.newest = (this.newest + 1) & this.mask
    this.ring[this.newest] = field
    this.count++
    this.size += size
  }

  resize(capacity: number): void {
    this.capacity = capacity
    this.evict(capacity)
  }

  private evict(target: number): void {
    while (this.size > target && this.count > 0) {
      const oldest = (this.newest - this.count + 1) & this.mask
      this.size -= this.ring[oldest]?.size ?? 0
      this.ring[oldest] = undefined
      this.count--
    }
  }
}

/** A decoded header block. `Meaning` is for the reader: what the fields mean is worked out once per distinct block. */
export interface HeaderList<Meaning> {
  /** Without those that exceeded the limit. */
  readonly fields: readonly Field[]
  /** More than the limit allows was sent. The table is in step with the peer's all the same. */
  readonly tooLarge: boolean
  meaning: Meaning | undefined
}

/** A block seen before, and what it meant while the dynamic table was as it is. */
interface Remembered<Meaning> {
  readonly block: Uint8Array
  readonly list: HeaderList<Meaning>
}

const rememberedBlocks = 4
const longestRememberedBlock = 64

/**
 * The receiving side of HPACK. A block that leaves the dynamic table alone is remembered until the table changes:
 * clients repeat themselves, and comparing ten bytes is cheaper than reading them.
 */
export class HeaderDecoder<Meaning = unknown> {
  private readonly table = new DynamicTable(defaultHeaderTableSize)
  private readonly listBytesMax: number
  private readonly remembered: Remembered<Meaning>[] = []
  private nextRemembered = 0
  private bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private end = 0
  private tableChanged = false

  constructor(listBytesMax: number) {
    this.listBytesMax = listBytesMax
  }

  /** A whole header block, `bytes[from, to)`. Throws COMPRESSION_ERROR; the connection is lost then. */
  decode(bytes: Uint8Array, from: number, to: number): HeaderList<Meaning> {
    for (let i = 0; i < this.remembered.length; i++) {
      const known = this.remembered[i]
      if (known !== undefined && equals(known.block, bytes, from, to)) return known.list
    }
    this.bytes = bytes
    this.at = from
    this.end = to
    this.tableChanged = false
    const list = this.read()
    if (this.tableChanged) this.forget()
    else if (to - from <= longestRememberedBlock) {
      this.remembered[this.nextRemembered] = { block: Uint8Array.prototype.slice.call(bytes, from, to), list }
      this.nextRemembered = (this.nextRemembered + 1) % rememberedBlocks
    }
    return list
  }

  private forget(): void {
    this.remembered.length = 0
    this.nextRemembered = 0
  }

  private read(): HeaderList<Meaning> {
    const fields: Field[] = []
    let size = 0
    while (this.at < this.end) {
      const first = this.bytes[this.at] ?? 0
      if ((first & 0xe0) === 0x20) {
        // A change of the table's size stands before the first field or nowhere (RFC 7541 §4.2).
        if (size > 0) throw broken('the table size changes inside a header block')
        this.resize(this.integer(0x1f))
        continue
      }
      const field = (first & 0x80) === 0 ? this.literal(first) : this.indexed(this.integer(0x7f))
      size += field.size
      if (size <= this.listBytesMax) fields.push(field)
    }
    return { fields, tooLarge: size > this.listBytesMax, meaning: undefined }
  }

  /** §6.2.1 with indexing, §6.2.2 without, §6.2.3 never: the last two differ only for those who forward. */
  private literal(first: number): Field {
    const indexing = (first & 0xc0) === 0x40
    const nameIndex = this.integer(indexing ? 0x3f : 0x0f)
    const name = nameIndex === 0 ? this.text() : this.indexed(nameIndex).name
    const field = new Field(name, this.text())
    if (indexing) {
      this.table.add(field)
      this.tableChanged = true
    }
    return field
  }

  private indexed(index: number): Field {
    const field = index < firstDynamicIndex ? staticTable[index - 1] : this.table.at(index - firstDynamicIndex)
    if (field === undefined) throw broken(`there is no header field with index ${index}`)
    return field
  }

  private resize(size: number): void {
    if (size > defaultHeaderTableSize) {
      throw broken(`a header table of ${size} bytes, at most ${defaultHeaderTableSize} are allowed`)
    }
    this.table.resize(size)
    this.tableChanged = true
  }

  /** §5.1, in the low bits that `mask` names and the octets that follow. */
  private integer(mask: number): number {
    let value = (this.bytes[this.at++] ?? 0) & mask
    if (value < mask) return value
    for (let shift = 0; ; shift += 7) {
      if (this.at >= this.end) throw broken('a header block ends inside a number')
      if (shift > 21) throw broken('a number in a header block is too large')
      const byte = this.bytes[this.at++] ?? 0
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  /** §5.2, as Latin-1. */
  private text(): string {
    if (this.at >= this.end) throw broken('a header block ends where a string begins')
    const huffman = ((this.bytes[this.at] ?? 0) & 0x80) !== 0
    const length = this.integer(0x7f)
    const from = this.at
    if (length > this.end - from)
      throw broken(`a string of ${length} bytes, ${this.end - from} are left in the header block`)
    this.at = from + length
    if (huffman) return decodeHuffman(this.bytes, from, this.at)
    let text = ''
    for (let i = from; i < this.at; i++) text += String.fromCharCode(this.bytes[i] ?? 0)
    return text
  }
}

function broken(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.compressionError, message)
}

function equals(block: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (block.length !== to - from) return false
  for (let i = 0; i < block.length; i++) if (block[i] !== bytes[from + i]) return false
  return true
}

/**
 * The sending side of HPACK: plain strings, an index for what repeats. Blocks made while `generation` stays the same
 * mean the same later: callers keep them.
 */
export class HeaderEncoder {
  private readonly table = new DynamicTable(defaultHeaderTableSize)
  private limit = defaultHeaderTableSize
  private smallestLimit = defaultHeaderTableSize
  private announced = defaultHeaderTableSize
  /** Grows with every change of the dynamic table. */
  generation = 0

  /** SETTINGS_HEADER_TABLE_SIZE of the peer. It is told of a smaller table at the start of the next block (RFC 7541 §4.2). */
  limitTable(size: number): void {
    this.limit = Math.min(size, defaultHeaderTableSize)
    this.smallestLimit = Math.min(this.smallestLimit, this.limit)
    if (this.limit !== this.announced || this.smallestLimit < this.announced) this.generation++
  }

  /** Before the first field of each block. */
  begin(out: number[]): void {
    if (this.smallestLimit < this.announced) this.resize(out, this.smallestLimit)
    if (this.limit !== this.announced) this.resize(out, this.limit)
    this.smallestLimit = this.limit
  }

  private resize(out: number[], size: number): void {
    writeInteger(out, 0x20, 0x1f, size)
    this.table.resize(size)
    this.announced = size
    this.generation++
  }

  /** A field that will come again: an index if it is in a table already, a new entry otherwise. */
  indexed(out: number[], name: string, value: string): void {
    const index = this.indexOf(name, value)
    if (index > 0) {
      writeInteger(out, 0x80, 0x7f, index)
      return
    }
    const field = new Field(name, value)
    if (field.size > this.announced) {
      this.literal(out, name, value)
      return
    }
    this.name(out, 0x40, 0x3f, name)
    writeText(out, value)
    this.table.add(field)
    this.generation++
  }

  /** A field that will not come again: the tables stay as they are. */
  literal(out: number[], name: string, value: string): void {
    this.name(out, 0x00, 0x0f, name)
    writeText(out, value)
  }

  private name(out: number[], pattern: number, mask: number, name: string): void {
    const index = this.indexOf(name, undefined)
    writeInteger(out, pattern, mask, index)
    if (index === 0) writeText(out, name)
  }

  /** 0 if there is none. */
  private indexOf(name: string, value: string | undefined): number {
    const known = staticTable.findIndex(
      (field) => field.name === name && (value === undefined || field.value === value),
    )
    if (known >= 0) return known + 1
    for (let position = 0; position < this.table.count; position++) {
      const field = this.table.at(position)
      if (field?.name === name && (value === undefined || field.value === value)) return firstDynamicIndex + position
    }
    return 0
  }
}

function writeInteger(out: number[], pattern: number, mask: number, value: number): void {
  if (value < mask) {
    out.push(pattern | value)
    return
  }
  out.push(pattern | mask)
  let rest = value - mask
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80)
  out.push(rest)
}

/** Header fields are Latin-1: whoever has other text encodes it first. */
function writeText(out: number[], text: string): void {
  writeInteger(out, 0x00, 0x7f, text.length)
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i) & 0xff)
}
