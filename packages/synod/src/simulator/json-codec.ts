import { assert, crc32, decodeUtf8, encodeUtf8, Malformed, type Codec, type Command } from '../core/index.ts'
import type { Json } from './plan.ts'

/** Raised whenever an older reader would misread what is written. */
const version = 1

/**
 * Messages and records as JSON, for a protocol that has no bytes of its own yet: a version, then the text. What JSON
 * would lose or change (a Map, a Uint8Array, NaN, an object of a class) is an assertion that names its place, so that a
 * protocol never finds out by a field that is missing on the other side.
 */
export function jsonCodec<Message, Durable>(): Codec<Message, Durable> {
  const write: Codec<unknown, unknown>['message'] = (value, out) => {
    assertPlain(value, '')
    out.u8(version)
    out.text(JSON.stringify(value))
  }
  const read: Codec<unknown, unknown>['readMessage'] = (input) => {
    const found = input.u8()
    if (found !== version) throw new Malformed(`JSON of version ${found}; this is Synod with version ${version}`)
    return parsed(input.text())
  }
  return {
    protocol: 'json',
    message: write,
    readMessage: (input) => read(input) as Message,
    record: write,
    readRecord: (input) => read(input) as Durable,
    urgency: () => 'urgent',
    attachment: () => undefined,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Malformed(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** An absent field and one that is undefined are the same thing on the other side; nothing else may change. */
function assertPlain(value: unknown, path: string): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      return assert(Number.isFinite(value) && !Object.is(value, -0), `JSON can carry a number that is${at(path)}`)
    case 'object': {
      if (value === null) return
      if (Array.isArray(value)) return value.forEach((item, i) => assertPlain(item, `${path}[${i}]`))
      const prototype: unknown = Object.getPrototypeOf(value)
      assert(prototype === Object.prototype || prototype === null, `JSON can carry what is${at(path)}: a plain object`)
      for (const [name, field] of Object.entries(value)) if (field !== undefined) assertPlain(field, `${path}.${name}`)
      return
    }
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      assert(false, `JSON can carry a ${typeof value}${at(path)}`)
  }
}

function at(path: string): string {
  return path === '' ? '' : ` at ${path}`
}

/** A value as what is decided on. Equal values are equal commands: nobody's in particular, for no client waits for one. */
export function jsonCommand(value: Json): Command {
  const bytes = encodeUtf8(JSON.stringify(value))
  return { origin: '', sequence: 0, checksum: crc32(bytes), bytes }
}

/** What `jsonCommand` was given; undefined for a command that holds no JSON. */
export function jsonOf(command: Command): Json | undefined {
  try {
    return JSON.parse(decodeUtf8(command.bytes)) as Json
  } catch {
    return undefined
  }
}
