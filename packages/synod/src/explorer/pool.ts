import { encode } from './encoding.ts'

/** A value of which there is one, and a short text that tells it apart. */
interface Pooled {
  readonly value: unknown
  readonly text: string
}

interface Field {
  readonly key: string
  readonly quoted: string
}

/** A row of keys, as objects list them. */
interface Shape {
  /** With one key more. */
  readonly longer: Map<string, Shape>
  fields: readonly Field[] | undefined
}

/**
 * Equal values are one, with all that is in them, where `encode` has equal texts for them. Whole states differ in little: what they share is kept once,
 * is told apart by a few characters, and is compared by whoever compares it without being looked at.
 */
export class Pool {
  private readonly known = new Map<string, Pooled>()
  private readonly shapes: Shape = { longer: new Map(), fields: undefined }

  /** The one that is equal to this, and a text that no other has. */
  one<T>(value: T): { readonly value: T; readonly text: string } {
    return this.pooled(value) as { value: T; text: string }
  }

  private pooled(value: unknown): Pooled {
    if (typeof value !== 'object' || value === null) return { value, text: encode(value) }
    if (value instanceof Uint8Array) return this.known.get(encode(value)) ?? this.enter(encode(value), value)
    return Array.isArray(value) ? this.list(value) : this.record(value as Readonly<Record<string, unknown>>)
  }

  private list(value: readonly unknown[]): Pooled {
    const items = value.map((item) => this.pooled(item))
    const text = `[${items.map((item) => item.text).join(',')}]`
    return (
      this.known.get(text) ??
      this.enter(
        text,
        items.map((item) => item.value),
      )
    )
  }

  private record(value: Readonly<Record<string, unknown>>): Pooled {
    const fields: Record<string, unknown> = {}
    let text = '{'
    for (const { key, quoted } of this.sorted(Object.keys(value))) {
      const field = value[key]
      const { value: one, text: of } = this.pooled(field)
      fields[key] = one
      if (field !== undefined) text += `${quoted}:${of},`
    }
    return this.known.get(text) ?? this.enter(text, fields)
  }

  /** In order, and as they are written: sorted once for each row of keys that comes. */
  private sorted(keys: readonly string[]): readonly Field[] {
    let shape = this.shapes
    for (const key of keys) {
      let longer = shape.longer.get(key)
      if (longer === undefined) {
        longer = { longer: new Map(), fields: undefined }
        shape.longer.set(key, longer)
      }
      shape = longer
    }
    return (shape.fields ??= keys.toSorted().map((key) => ({ key, quoted: JSON.stringify(key) })))
  }

  private enter(text: string, value: unknown): Pooled {
    const pooled = { value, text: `#${this.known.size}` }
    this.known.set(text, pooled)
    return pooled
  }
}
