import { request as httpRequest } from 'node:http'
import type { Bindings, Json, Line } from './transcript.ts'

// One line of a transcript that was asked over HTTP/1.1.

/** What a request over HTTP came to. */
export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Fields that the recorded version does not have. */
const unlike: Readonly<Record<string, readonly string[]>> = {
  'POST /v3/maintenance/status': ['storageVersion', 'dbSizeQuota', 'downgradeInfo'],
  'GET /version': ['storage', 'synod'],
}

/** Asks what the line asks; answers how the answer differs from the recorded one. */
export async function checkHttp(line: Line, port: number, bindings: Bindings): Promise<string[]> {
  const [method = '', path = ''] = (line.op ?? '').split(' ')
  const { request, status, contentType } = line
  // Text is sent as it is: it is no JSON, on purpose.
  const asked = typeof request === 'string' ? request : JSON.stringify(bindings.substitute(request ?? {}))
  const headers = Object.fromEntries(
    Object.entries(line.headers ?? {}).map(([name, value]) => [name, bindings.fill(value)] as const),
  )
  const answer = await askHttp(port, method, path, method === 'GET' ? '' : asked, headers)
  const differences = [
    ...bindings.differences(status, answer.status, 'status'),
    ...bindings.differences(contentType, answer.contentType, 'content type'),
    ...bindings.differences(line.response, without(readable(answer, line.response), unlike[line.op ?? ''] ?? []), ''),
  ]
  return differences.map((difference) => `${line.op} ${asked.slice(0, 200)}: ${difference}`)
}

/** One request on a connection of its own. */
export async function askHttp(
  port: number,
  method: string,
  path: string,
  body: string | Uint8Array = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers: said } = response
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: statusCode, contentType: said['content-type'] ?? '', headers: said, text })
      })
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

/** A text is compared as it is; everything else that was recorded is JSON. */
function readable({ text }: HttpAnswer, expected: Json | undefined): Json {
  return typeof expected === 'string' ? text : (JSON.parse(text) as Json)
}

function without(value: Json, fields: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)))
}
