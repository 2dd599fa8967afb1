import { messageOf, UsageError } from '../exit.ts'
import { readText } from '../input.ts'

/** Throws `UsageError`. */
export function readJson(file: string): unknown {
  const text = readText(file)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${messageOf(error)}`)
  }
}

/** A value read from a file, and the path by which its author finds it: `faults[2].node`. */
export class Value {
  private readonly path: string
  private readonly value: unknown

  constructor(path: string, value: unknown) {
    this.path = path
    this.value = value
  }

  /** As it was read: for whoever has looked at all of it. */
  get unchecked(): unknown {
    return this.value
  }

  /** Throws `UsageError`: what should stand here instead of what does. */
  expected(what: string): never {
    const text = JSON.stringify(this.value) ?? 'nothing'
    throw new UsageError(`${this.path}: expected ${what}, not ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`)
  }

  /** Its fields, all of which must be among the known ones. */
  record(known: readonly string[]): Readonly<Record<string, Value>> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.expected('an object')
    const fields: Record<string, Value> = {}
    for (const [name, field] of Object.entries(value)) {
      if (!known.includes(name))
        throw new UsageError(`${this.path}.${name} is unknown: known are ${known.join(', ') || 'none'}`)
      fields[name] = new Value(`${this.path}.${name}`, field)
    }
    return fields
  }

  /** The fields of a record that must have all of them. */
  whole<Name extends string>(names: readonly Name[]): Readonly<Record<Name, Value>> {
    const fields = this.record(names)
    for (const name of names) if (fields[name] === undefined) throw new UsageError(`${this.path}.${name} is missing`)
    return fields
  }

  list(): readonly Value[] {
    const { value } = this
    if (!Array.isArray(value)) return this.expected('a list')
    return value.map((item, i) => new Value(`${this.path}[${i}]`, item))
  }

  number(least: number, greatest: number, what = `a number from ${least} to ${greatest}`): number {
    const { value } = this
    if (typeof value !== 'number' || !(value >= least && value <= greatest)) return this.expected(what)
    return value
  }

  wholeNumber(least: number, greatest: number): number {
    const what = `a whole number from ${least} to ${greatest}`
    const number = this.number(least, greatest, what)
    return Number.isInteger(number) ? number : this.expected(what)
  }

  oneOf<Text extends string>(choices: readonly Text[]): Text {
    return choices.find((choice) => choice === this.value) ?? this.expected(`one of ${choices.join(', ')}`)
  }

  /** Of the same shape as `sample`, though it may have fewer fields. */
  like(sample: unknown): unknown {
    if (typeof sample === 'object' && sample !== null && !Array.isArray(sample)) {
      const fields = new Map<string, unknown>(Object.entries(sample))
      const own = Object.entries(this.record([...fields.keys()]))
      return Object.fromEntries(own.map(([name, field]) => [name, field.like(fields.get(name))]))
    }
    if (typeof sample === 'number') return this.likeNumber(sample)
    if (typeof this.value !== typeof sample) return this.expected(`a ${typeof sample}`)
    return this.value
  }

  /** Where nothing would ever happen, or all at once, something above 0 is meant. */
  private likeNumber(sample: number): number {
    if (sample === 0) return this.number(0, Number.MAX_SAFE_INTEGER, 'a number that is not negative')
    return this.number(Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, 'a number above 0')
  }
}
