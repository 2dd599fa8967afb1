import { ProtoReader } from '../proto/wire.ts'
import type { Field, Message } from './interface.ts'

/** A message as etcd's gateway writes it. */
export type JsonMessage = { readonly [name: string]: unknown }

/** Fields by their names in the .proto file, 64-bit numbers as text, bytes in base64; what has its default is left out. */
export function readAsJson(type: Message, bytes: Uint8Array): JsonMessage {
  return read(type, new ProtoReader(bytes))
}

function read(type: Message, input: ProtoReader): JsonMessage {
  const json: Record<string, unknown> = {}
  for (let number = input.next(); number !== 0; number = input.next()) {
    const field = type.byNumber.get(number)
    // What Synod adds to etcd's messages is for those who know its numbers.
    if (field === undefined) {
      input.skip()
      continue
    }
    const value = readField(field, input)
    const list = json[field.name]
    if (!field.repeated) {
      if (field.oneof !== undefined || !isDefault(field, value)) json[field.name] = value
    } else if (Array.isArray(list)) list.push(value)
    else json[field.name] = [value]
  }
  return json
}

function readField({ type }: Field, input: ProtoReader): unknown {
  switch (type.kind) {
    case 'message': {
      const outer = input.enter()
      const value = read(type.message(), input)
      input.leave(outer)
      return value
    }
    case 'enum': {
      const number = input.enumeration()
      return type.byNumber.get(number) ?? number
    }
    case 'bool':
      return input.flag()
    case 'bytes': {
      const bytes = input.bytes()
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
    }
    case 'string':
      return input.text()
    case 'int32':
      return input.enumeration()
    case 'uint32':
      return input.uint32()
    case 'int64':
      return String(input.int64())
    case 'uint64':
      return String(input.uint64())
  }
}

function isDefault({ type }: Field, value: unknown): boolean {
  if (type.kind === 'enum') return value === type.byNumber.get(0)
  return value === 0 || value === '0' || value === '' || value === false
}
