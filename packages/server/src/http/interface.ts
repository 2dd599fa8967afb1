import { enumsText, messagesText, routesText } from './interface-text.ts'

/**
 * The messages of etcd's API as data: what JSON needs and the wire does not, the names. Tables of our own over the reader
 * and writer that are here anyway, not generated descriptors and a reflective library: they are a tenth of its size, and
 * errors come out in the words that etcd's gateway uses.
 */
export interface Message {
  readonly name: string
  /** By both of its names: as in the .proto file, and in lowerCamelCase. */
  readonly byName: ReadonlyMap<string, Field>
  readonly byNumber: ReadonlyMap<number, Field>
}

export interface Field {
  /** As in the .proto file. */
  readonly name: string
  /** In lowerCamelCase. */
  readonly jsonName: string
  readonly number: number
  readonly type: Scalar | EnumType | MessageType
  readonly repeated: boolean
  readonly oneof: string | undefined
}

export interface Scalar {
  readonly kind: 'bool' | 'bytes' | 'string' | 'int32' | 'int64' | 'uint32' | 'uint64'
}

export interface EnumType {
  readonly kind: 'enum'
  readonly byName: ReadonlyMap<string, number>
  readonly byNumber: ReadonlyMap<number, string>
}

export interface MessageType {
  readonly kind: 'message'
  /** Messages contain each other. */
  readonly message: () => Message
}

/** A path of the gateway. */
export interface GatewayRoute {
  /** `/etcdserverpb.KV/Range`. */
  readonly method: string
  readonly request: Message
  readonly response: Message
}

const scalars: ReadonlySet<string> = new Set(['bool', 'bytes', 'string', 'int32', 'int64', 'uint32', 'uint64'])
const enums: ReadonlyMap<string, EnumType> = new Map(
  rows(enumsText).map(([name = '', ...values]) => [name, enumOf(values)]),
)
const messages: ReadonlyMap<string, Message> = new Map(
  rows(messagesText).map(([name = '', ...fields]) => [name, messageOf(name, fields)]),
)

/** By path, as in the .proto files: with the prefix /v3. */
export const gatewayRoutes: ReadonlyMap<string, GatewayRoute> = new Map(
  rows(routesText).map(([path = '', method = '', request = '', response = '']) => [
    path,
    { method: `/${method}`, request: message(request), response: message(response) },
  ]),
)

/** `etcdserverpb` where no package is named. */
export function message(name: string): Message {
  const found = messages.get(name)
  if (found === undefined) throw new Error(`the interface has no message ${name}`)
  return found
}

function rows(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
}

function enumOf(values: readonly string[]): EnumType {
  const pairs = values.map((text) => text.split('=')).map(([name = '', number]) => [name, Number(number)] as const)
  return { kind: 'enum', byName: new Map(pairs), byNumber: new Map(pairs.map(([name, number]) => [number, name])) }
}

function messageOf(name: string, texts: readonly string[]): Message {
  const fields = texts.map(fieldOf)
  return {
    name,
    byName: new Map(fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const])),
    byNumber: new Map(fields.map((field) => [field.number, field])),
  }
}

function fieldOf(text: string): Field {
  const {
    name = '',
    repeated,
    type = '',
    number,
    oneof,
  } = /^(?<name>\w+):(?<repeated>\*?)(?<type>[\w.]+)=(?<number>\d+)(?:\/(?<oneof>\w+))?$/.exec(text)?.groups ?? {}
  return {
    name,
    jsonName: name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    number: Number(number),
    type: typeOf(type),
    repeated: repeated === '*',
    oneof,
  }
}

function typeOf(text: string): Field['type'] {
  if (isScalar(text)) return { kind: text }
  return enums.get(text) ?? { kind: 'message', message: () => message(text) }
}

function isScalar(text: string): text is Scalar['kind'] {
  return scalars.has(text)
}
