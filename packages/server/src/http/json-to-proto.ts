import type { ProtoWriter } from '../proto/wire.ts'
import type { EnumType, Field, Message, Scalar } from './interface.ts'
import { JsonError, JsonReader, position, prefix, shortened } from './json-text.ts'
import type { JsonObject, JsonValue } from './json-text.ts'

/**
 * Writes a message that is given as JSON: fields in either of their names, 64-bit numbers as text or as numbers, bytes in
 * base64 of both alphabets; what is unknown is left out, as etcd does. Throws `JsonError`. An empty text is an empty message.
 */
export function writeJson(out: ProtoWriter, type: Message, source: string): void {
  if (source.trim() === '') return
  new Writing(out, source).message(type, new JsonReader(source).read())
}

/** The longest number of 64 bits has 20 digits; the rest is for zeros behind a point. To read a million digits takes seconds. */
const digitsMax = 64

class Writing {
  private readonly out: ProtoWriter
  private readonly source: string

  constructor(out: ProtoWriter, source: string) {
    this.out = out
    this.source = source
  }

  message(type: Message, value: JsonValue): void {
    if (value.kind !== 'object') throw this.unexpected(value)
    // The writer goes backwards.
    const given = this.given(type, value).toSorted((a, b) => b.field.number - a.field.number)
    for (const { field, value: one } of given) this.field(field, one)
  }

  /** The known fields that have a value. */
  private given(type: Message, { fields }: JsonObject): { field: Field; value: JsonValue }[] {
    const seen = new Map<Field, JsonValue>()
    const chosen = new Set<string>()
    for (const { name, value } of fields) {
      const field = type.byName.get(name.text)
      if (field === undefined) continue
      if (seen.has(field)) throw this.wrong(name, `duplicate field ${this.raw(name)}`)
      seen.set(field, value)
      if (field.oneof === undefined || value.kind === 'null') continue
      if (chosen.has(field.oneof)) {
        throw this.wrong(name, `error parsing ${this.raw(name)}, oneof ${type.name}.${field.oneof} is already set`)
      }
      chosen.add(field.oneof)
    }
    return [...seen].filter(([, { kind }]) => kind !== 'null').map(([field, value]) => ({ field, value }))
  }

  private field(field: Field, value: JsonValue): void {
    if (!field.repeated) return this.single(field, value, field.oneof !== undefined)
    if (value.kind !== 'array') throw this.unexpected(value)
    const elements = value.elements.toReversed()
    const { kind } = field.type
    if (kind === 'message' || kind === 'bytes' || kind === 'string') {
      for (const element of elements) this.single(field, element, true)
      return
    }
    const mark = this.out.begin()
    for (const element of elements) this.out.packed(this.number(field, element) ?? 0n)
    if (elements.length > 0) this.out.end(field.number, mark)
  }

  /** `present`: also if it is empty. */
  private single(field: Field, value: JsonValue, present: boolean): void {
    const { out } = this
    const { type, number } = field
    switch (type.kind) {
      case 'message': {
        const mark = out.begin()
        this.message(type.message(), value)
        return out.end(number, mark)
      }
      case 'bool':
        if (value.kind !== 'boolean') throw this.invalid(field, value)
        return out.flag(number, this.source[value.at] === 't')
      case 'bytes':
      case 'string': {
        const bytes = value.kind === 'string' ? bytesOf(type, value.text) : undefined
        if (bytes === undefined) throw this.invalid(field, value)
        return present ? out.element(number, bytes) : out.bytes(number, bytes)
      }
      case 'enum':
      case 'int32':
      case 'int64':
      case 'uint32':
      case 'uint64':
        return this.numberIn(field, value, present)
    }
  }

  private numberIn(field: Field, value: JsonValue, present: boolean): void {
    const number = this.number(field, value)
    if (number === undefined) return
    if (present) this.out.chosen(field.number, number)
    else this.out.bigint(field.number, number)
  }

  /** undefined: the name of an enum's value that is not known, which is ignored as an unknown field is. */
  private number(field: Field, value: JsonValue): bigint | undefined {
    const { type } = field
    if (type.kind === 'enum' && value.kind === 'string') return enumNamed(type, value.text)
    const literal = value.kind === 'number' ? this.source.slice(value.at, value.end) : ''
    const text = value.kind === 'string' ? value.text : literal
    const number = type.kind === 'enum' && value.kind === 'string' ? undefined : whole(text)
    if (number === undefined || !isInRange(number, type.kind)) throw this.invalid(field, value)
    return number
  }

  private raw({ at, end }: JsonValue): string {
    return shortened(this.source.slice(at, end))
  }

  private invalid(field: Field, value: JsonValue): JsonError {
    return this.wrong(value, `invalid value for ${field.type.kind} field ${field.jsonName}: ${this.raw(value)}`)
  }

  private unexpected(value: JsonValue): JsonError {
    const token = { object: '{', array: '[' }[value.kind as string] ?? this.raw(value)
    return new JsonError(`${prefix}syntax error (${position(this.source, value.at)}): unexpected token ${token}`)
  }

  private wrong({ at }: JsonValue, what: string): JsonError {
    return new JsonError(`${prefix}(${position(this.source, at)}): ${what}`)
  }
}

function bytesOf({ kind }: Scalar, text: string): Uint8Array | undefined {
  if (kind === 'string') return Buffer.from(text, 'utf8')
  const digits = text.replaceAll('-', '+').replaceAll('_', '/')
  const padding = digits.endsWith('==') ? 2 : digits.endsWith('=') ? 1 : 0
  const bare = digits.slice(0, digits.length - padding)
  // Node's decoder stops at what it does not understand, and says nothing.
  if (/[^A-Za-z0-9+/]/.test(bare) || bare.length % 4 === 1) return undefined
  if (padding > 0 && digits.length % 4 !== 0) return undefined
  return Buffer.from(bare, 'base64')
}

function enumNamed(type: EnumType, name: string): bigint | undefined {
  const number = type.byName.get(name)
  return number === undefined ? undefined : BigInt(number)
}

/** `12`, and `12.0` and `1.2e1` too, to the last digit; undefined: it is no whole number. */
function whole(text: string): bigint | undefined {
  if (text.length > digitsMax) return undefined
  const parts = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (parts === null) return undefined
  const [, sign = '', units = '', decimals = '', exponent = '0'] = parts
  const digits = (units + decimals).replace(/0+$/, '')
  if (digits === '') return 0n
  // So many zeros follow them.
  const zeros = units.length + Number(exponent) - digits.length
  if (zeros < 0 || zeros > digitsMax) return undefined
  return BigInt(`${sign}${digits}${'0'.repeat(zeros)}`)
}

function isInRange(number: bigint, kind: Field['type']['kind']): boolean {
  const bits = kind.endsWith('64') ? 64 : 32
  const kept = kind.startsWith('u') ? BigInt.asUintN(bits, number) : BigInt.asIntN(bits, number)
  return kept === number
}
