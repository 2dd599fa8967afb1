/** A value of a JSON text, and where it stands there. */
export type JsonValue = JsonObject | JsonArray | JsonString | JsonLiteral

interface Placed {
  readonly at: number
  readonly end: number
}

export interface JsonObject extends Placed {
  readonly kind: 'object'
  /** In their order; a name may be there twice. */
  readonly fields: readonly { readonly name: JsonString; readonly value: JsonValue }[]
}

interface JsonArray extends Placed {
  readonly kind: 'array'
  readonly elements: readonly JsonValue[]
}

interface JsonString extends Placed {
  readonly kind: 'string'
  readonly text: string
}

/** A number is not converted: it may have more digits than a number of JavaScript holds. */
interface JsonLiteral extends Placed {
  readonly kind: 'number' | 'boolean' | 'null'
}

/** The text is no JSON, or not the JSON of the expected message. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/** With the space that does not break, as the etcd that was recorded has it. */
export const prefix = 'proto:\u00a0'

/** No message of the API nests deeper: a transaction on each of its levels is three. */
const deepest = 1000

const literals = { true: 'boolean', false: 'boolean', null: 'null' } as const
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/**
 * Reads a JSON text and keeps the places of its values, so that an error can say which one is wrong. `JSON.parse` would do
 * neither that, nor leave 64-bit numbers as they are. Errors are in the words of Go, which etcd's users know.
 */
export class JsonReader {
  readonly source: string
  private at = 0
  private depth = 0

  constructor(source: string) {
    this.source = source
  }

  /** The one value of the text. */
  read(): JsonValue {
    const value = this.value()
    this.space()
    if (this.at < this.source.length) throw this.unexpected('after top-level value')
    return value
  }

  private value(): JsonValue {
    this.space()
    const { at } = this
    switch (this.source[at]) {
      case '{':
        return this.nested(() => this.object())
      case '[':
        return this.nested(() => this.array())
      case '"':
        return this.string()
      case 't':
        return this.literal('true')
      case 'f':
        return this.literal('false')
      case 'n':
        return this.literal('null')
      case undefined:
      default:
        return this.number()
    }
  }

  private nested<Value>(read: () => Value): Value {
    if (++this.depth > deepest) throw new JsonError(`${prefix}exceeded max recursion depth`)
    const value = read()
    this.depth--
    return value
  }

  private object(): JsonObject {
    const at = this.at++
    const fields: { name: JsonString; value: JsonValue }[] = []
    this.space()
    if (!this.skip('}')) {
      do {
        this.space()
        if (this.source[this.at] !== '"') throw this.unexpected('looking for beginning of object key string')
        const name = this.string()
        this.space()
        if (!this.skip(':')) throw this.unexpected('after object key')
        fields.push({ name, value: this.value() })
        this.space()
      } while (this.skip(','))
      if (!this.skip('}')) throw this.unexpected('after object key:value pair')
    }
    return { kind: 'object', at, end: this.at, fields }
  }

  private array(): JsonArray {
    const at = this.at++
    const elements: JsonValue[] = []
    this.space()
    if (!this.skip(']')) {
      do {
        elements.push(this.value())
        this.space()
      } while (this.skip(','))
      if (!this.skip(']')) throw this.unexpected('after array element')
    }
    return { kind: 'array', at, end: this.at, elements }
  }

  private string(): JsonString {
    const { source, at } = this
    let end = at + 1
    for (; source[end] !== '"'; end++) {
      if (source[end] === '\\') end++
      if (end >= source.length) throw new JsonError('unexpected EOF')
    }
    this.at = ++end
    try {
      return { kind: 'string', at, end, text: String(JSON.parse(source.slice(at, end))) }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw new JsonError(`invalid string ${shortened(source.slice(at, end))}`)
    }
  }

  private literal(word: keyof typeof literals): JsonLiteral {
    const { at } = this
    for (const letter of word)
      if (!this.skip(letter)) throw this.unexpected(`in literal ${word} (expecting '${letter}')`)
    return { kind: literals[word], at, end: this.at }
  }

  private number(): JsonLiteral {
    const { at } = this
    numberPattern.lastIndex = at
    const digits = numberPattern.exec(this.source)?.[0]
    if (digits === undefined) throw this.unexpected('looking for beginning of value')
    this.at += digits.length
    return { kind: 'number', at, end: this.at }
  }

  private space(): void {
    for (; ; this.at++) {
      const code = this.source.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    }
  }

  private skip(character: string): boolean {
    if (this.source[this.at] !== character) return false
    this.at++
    return true
  }

  private unexpected(where: string): JsonError {
    const character = this.source.codePointAt(this.at)
    if (character === undefined) return new JsonError('unexpected EOF')
    return new JsonError(`invalid character '${String.fromCodePoint(character)}' ${where}`)
  }
}

const longest = 100

/** What an error repeats of a text: it may be megabytes long. */
export function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

/** `line 1:8`, both counted from 1. */
export function position(source: string, at: number): string {
  const before = source.slice(0, at)
  const start = before.lastIndexOf('\n') + 1
  return `line ${before.split('\n').length}:${Array.from(before.slice(start)).length + 1}`
}
