import type protobuf from 'protobufjs'
import { messageType, services } from './reference.ts'
import type { Plain } from './reference.ts'

// What nobody in his senses sends: every field of every request at its extremes, unknown enums, transactions in transactions.

export interface Method {
  readonly path: string
  readonly request: protobuf.Type
}

/** Those of the API, here or not. */
export function methods(): Method[] {
  return services().flatMap((service) => {
    const name = service.fullName.slice(1)
    const space = name.slice(0, name.lastIndexOf('.'))
    return service.methodsArray
      .filter((method) => method.name !== 'RangeStream')
      .map((method) => ({ path: `/${name}/${method.name}`, request: messageType(`${space}.${method.requestType}`) }))
  })
}

/** An empty message, and one for each field at each of its extremes. */
export function extremeRequests({ request }: Method): Uint8Array[] {
  const messages: Uint8Array[] = [new Uint8Array(0)]
  for (const field of request.fieldsArray) {
    for (const value of extremes(field)) {
      const message: Plain = { key: Uint8Array.of(97), [field.name]: field.repeated ? [value] : value }
      messages.push(request.encode(request.create(message)).finish())
    }
  }
  return messages
}

/** Extreme values of one field, for its type. */
function extremes(field: protobuf.Field): unknown[] {
  field.resolve()
  if (field.resolvedType !== null && 'values' in field.resolvedType) return [-1, 9, 2 ** 31 - 1]
  switch (field.type) {
    case 'int64':
    case 'uint64':
      return ['-1', '9223372036854775807', '-9223372036854775808', '9007199254740993']
    case 'int32':
    case 'uint32':
      return [-1, 2 ** 31 - 1]
    case 'bytes':
      return [new Uint8Array(0), Uint8Array.of(0), new Uint8Array(100_000).fill(120)]
    case 'string':
      return ['', 'x'.repeat(10_000), '\u0000']
    case 'bool':
      return [true]
    default:
      return [{}]
  }
}

/** Every enum and number of the comparisons and ranges in a transaction. */
export function extremeTransactions(): Uint8Array[] {
  const txn = messageType('TxnRequest')
  const key = Uint8Array.of(97)
  return [-1, 9, 2 ** 31 - 1].flatMap((strange) => {
    const requests: Plain[] = [
      { compare: [{ key, target: strange }] },
      { compare: [{ key, result: strange }] },
      { compare: [{ key, target: 1, lease: '-1' }] },
      { success: [{ requestRange: { key, sortTarget: strange } }, { requestPut: { key } }] },
      { failure: [{ requestRange: { key, sortOrder: strange } }] },
      { failure: [{ requestRange: { key, limit: '-9223372036854775808', revision: '-1', minModRevision: '-1' } }] },
    ]
    return requests.map((request) => txn.encode(txn.create(request)).finish())
  })
}

/** A transaction that has others in it, so many levels deep. */
export function nested(levels: number): Uint8Array {
  // Written from the inside out: each level is a RequestOp with a TxnRequest, in the list of those to run.
  const parts: Uint8Array[] = []
  let length = 0
  for (let level = 0; level < levels; level++) {
    const inner = varint(length)
    const outer = varint(length + inner.length + 1)
    parts.push(Uint8Array.of(0x12, ...outer, 0x22, ...inner))
    length += inner.length + outer.length + 2
  }
  return new Uint8Array(Buffer.concat(parts.toReversed()))
}
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
