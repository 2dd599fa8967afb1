import type { MethodCounts } from './counters.ts'
import type { Field, HeaderList } from './hpack.ts'
import type { Destination, Route } from './routes.ts'
import { Code, decodeTimeout } from './status.ts'

/** Why a request goes no further. */
export interface Refusal {
  /** Other than 200 where the request is not even gRPC. */
  readonly httpStatus: number
  readonly code: number
  readonly message: string
  readonly limit?: 'header_list'
}

/** What a header list means, worked out once per distinct list. */
export interface RequestHead {
  readonly kind: 'request'
  readonly path: string
  readonly fields: readonly Field[]
  readonly timeoutMs: number | undefined
  /** `grpc-encoding`. */
  readonly encoding: string
  /** Of the whole body, if it was announced. */
  readonly contentLength: number | undefined
  readonly refusal: Refusal | undefined
  /** What is called; undefined where there is a refusal. */
  readonly route: Route | undefined
  readonly counts: MethodCounts
}

/** Trailers of a request, which gRPC has no use for, or a breach of RFC 9113 §8.2 and §8.3: a stream error. */
export type Head = RequestHead | { readonly kind: 'trailers' } | { readonly kind: 'malformed' }

const malformed: Head = { kind: 'malformed' }
const trailers: Head = { kind: 'trailers' }

interface Parts {
  method: string | undefined
  scheme: string | undefined
  path: string | undefined
  authority: string | undefined
  contentType: string | undefined
  encoding: string
  timeout: string | undefined
  contentLength: string | undefined
}

/**
 * Works out what header lists of one connection mean. Go's clients say with each request how much time is left for it, so
 * that no list is like the one before, and all else in it is: one field after the other the same object, out of the
 * table of HPACK. Then only the time is read.
 */
export class HeadReader {
  private readonly listBytesMax: number
  private readonly find: (path: string) => Destination
  /** The last one that named a time and was not refused. */
  private last: RequestHead | undefined

  constructor(listBytesMax: number, find: (path: string) => Destination) {
    this.listBytesMax = listBytesMax
    this.find = find
  }

  read(list: HeaderList<unknown>): Head {
    const { last } = this
    const timeout = last === undefined || list.tooLarge ? undefined : onlyTimeoutOf(list.fields, last.fields)
    const timeoutMs = timeout === undefined ? undefined : decodeTimeout(timeout)
    if (last !== undefined && timeoutMs !== undefined) return { ...last, fields: list.fields, timeoutMs }
    const head = readHead(list, this.listBytesMax, this.find)
    if (head.kind === 'request' && head.timeoutMs !== undefined && head.refusal === undefined) this.last = head
    return head
  }
}

/** The value of `grpc-timeout`, if nothing else is other than it was `before`. */
function onlyTimeoutOf(fields: readonly Field[], before: readonly Field[]): string | undefined {
  if (fields.length !== before.length) return undefined
  let timeout: string | undefined
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]
    const isTimeout = field?.name === 'grpc-timeout' && before[i]?.name === field.name
    if (isTimeout) timeout = field.value
    else if (field !== before[i]) return undefined
  }
  return timeout
}

function readHead(list: HeaderList<unknown>, listBytesMax: number, find: (path: string) => Destination): Head {
  const parts: Parts = {
    method: undefined,
    scheme: undefined,
    path: undefined,
    authority: undefined,
    contentType: undefined,
    encoding: 'identity',
    timeout: undefined,
    contentLength: undefined,
  }
  let pseudo = 0
  for (let i = 0; i < list.fields.length; i++) {
    const field = list.fields[i]
    if (field === undefined) break
    if (field.name.charCodeAt(0) === 0x3a) {
      if (i !== pseudo || !readPseudo(parts, field)) return malformed
      pseudo++
    } else if (!readField(parts, field)) {
      return malformed
    }
  }
  if (pseudo === 0) return trailers
  const contentLength = parts.contentLength === undefined ? undefined : Number(parts.contentLength)
  if (contentLength !== undefined && !Number.isSafeInteger(contentLength)) return malformed
  // A list that was too large is answered, though the fields that did not fit are missing.
  if (
    !list.tooLarge &&
    (parts.method === undefined || parts.scheme === undefined || parts.path === undefined || parts.path === '')
  ) {
    return malformed
  }
  const path = parts.path ?? ''
  const timeoutMs = parts.timeout === undefined ? undefined : decodeTimeout(parts.timeout)
  const destination = find(path)
  const refusal = list.tooLarge
    ? {
        httpStatus: 200,
        code: Code.resourceExhausted,
        message: `the header list is larger than ${listBytesMax} bytes`,
        limit: 'header_list' as const,
      }
    : refuse(parts, timeoutMs, destination.unknown)
  const route = refusal === undefined ? destination.route : undefined
  const { counts } = destination
  const { encoding } = parts
  return { kind: 'request', path, fields: list.fields, timeoutMs, encoding, contentLength, refusal, route, counts }
}

/** What is no gRPC at all is told so in HTTP's terms; of the rest an unknown path comes first, whatever else is wrong. */
function refuse(parts: Parts, timeoutMs: number | undefined, unknown: string | undefined): Refusal | undefined {
  if (parts.method !== 'POST') {
    return { httpStatus: 405, code: Code.internal, message: `gRPC calls are POST, not ${parts.method}` }
  }
  const contentType = parts.contentType ?? ''
  if (!/^application\/grpc($|[+;])/i.test(contentType)) {
    return {
      httpStatus: 415,
      code: Code.invalidArgument,
      message: `invalid gRPC request content-type ${JSON.stringify(contentType)}`,
    }
  }
  if (unknown !== undefined) return { httpStatus: 200, code: Code.unimplemented, message: unknown }
  if (parts.timeout !== undefined && timeoutMs === undefined) {
    return { httpStatus: 400, code: Code.internal, message: `malformed grpc-timeout: ${JSON.stringify(parts.timeout)}` }
  }
  return undefined
}

/** Each at most once, and no others (RFC 9113 §8.3). */
function readPseudo(parts: Parts, { name, value }: Field): boolean {
  const key = name.slice(1)
  if (key !== 'method' && key !== 'scheme' && key !== 'path' && key !== 'authority') return false
  if (parts[key] !== undefined) return false
  parts[key] = value
  return true
}

function readField(parts: Parts, { name, value }: Field): boolean {
  switch (name) {
    case 'content-type':
      parts.contentType = value
      return true
    case 'grpc-encoding':
      parts.encoding = value
      return true
    case 'grpc-timeout':
      parts.timeout = value
      return true
    case 'content-length':
      parts.contentLength = value
      return /^\d+$/.test(value)
    case 'te':
      return value === 'trailers'
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
      return false
    default:
      return isFieldName(name) && !/[\0\r\n]/.test(value)
  }
}

/** A token of RFC 9110 §5.6.2 without capitals: HTTP/2 has none (RFC 9113 §8.2.1). */
function isFieldName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)
}
