import { assert } from '../core/index.ts'

/**
 * What states, messages and records are made of: plain data, as the contract has it. Bytes are values: they are shared
 * and never changed.
 */

/** Equal values have equal texts, and only these: keys are sorted, and what is undefined is as good as missing. */
export function encode(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === undefined) return '-'
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  assert(typeof value === 'object', 'states, messages and records are plain data')
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`
  if (value instanceof Uint8Array) return `<${value.join(' ')}>`
  const fields = value as Readonly<Record<string, unknown>>
  const parts: string[] = []
  for (const key of Object.keys(fields).toSorted()) {
    const field = fields[key]
    if (field !== undefined) parts.push(`${JSON.stringify(key)}:${encode(field)}`)
  }
  return `{${parts.join(',')}}`
}

/** A copy that may be changed. */
export function copy<T>(value: T): T {
  return copied(value) as T
}

function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(copied)
  const made: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) made[key] = copied(field)
  return made
}
