import http from 'node:http'
import type { Bindings, Json, Line } from './transcript.ts'

// Lines of HTTP/1.1: the JSON gateway, health, versions, metrics; on the port of the clients.

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** An endless answer is read as far as the transcript has it, and so long at most. */
const patienceMs = 3000

async function send(url: string, line: Line, bindings: Bindings): Promise<Answer | Error> {
  const [method = '', path = ''] = (line.op ?? '').split(' ')
  const body = line.request === undefined ? '' : bodyOf(bindings.substitute(line.request))
  const headers = bindings.substitute({ 'content-type': 'application/json', ...line.headers }) as Record<string, string>
  const lines = Array.isArray(line.response) ? line.response.length : Infinity
  return new Promise((resolve) => {
    const request = http.request(new URL(path, url), { method, headers, agent: false }, (response) => {
      let text = ''
      const done = (): void => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', body: text })
        request.destroy()
      }
      const timer = setTimeout(done, patienceMs)
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.split('\n').length > lines) done()
      })
      response.on('end', done)
      response.on('error', done)
    })
    request.on('error', resolve)
    request.end(body)
  })
}

/** Text is sent as it is: some of it is no JSON on purpose. */
function bodyOf(request: Json): string {
  return typeof request === 'string' ? request : JSON.stringify(request)
}

type HttpOutcome = { readonly missing: true } | { readonly differences: readonly string[] }

/** `missing`: there is no such route, or what is behind it is not there. */
export async function checkHttp(
  url: string,
  line: Line,
  bindings: Bindings,
  compare: (expected: Json | undefined, actual: Json) => readonly string[],
): Promise<HttpOutcome> {
  const answer = await send(url, line, bindings)
  if (answer instanceof Error) return { differences: [`no answer: ${answer.message}`] }
  const sorted = line.note?.includes('sorted here') === true
  const body = parsed(sorted ? inOrder(answer.body) : answer.body, line.response)
  const differences = [
    ...(answer.status === line.status ? [] : [`status ${answer.status} instead of ${line.status}`]),
    ...(answer.contentType === line.contentType
      ? []
      : [`content-type ${answer.contentType} instead of ${line.contentType}`]),
    ...compare(line.response, body),
  ]
  return differences.length > 0 && isMissing(answer, body) ? { missing: true } : { differences }
}

function parsed(body: string, expected: Json | undefined): Json {
  if (typeof expected === 'string') return body
  try {
    const values = body.split('\n').filter((text) => text !== '')
    if (Array.isArray(expected)) return values.map((text) => JSON.parse(text) as Json)
    return JSON.parse(body) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return body
  }
}

/** Lines of which the order means nothing, as the transcript has them. */
function inOrder(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.toSorted((a, b) => (a < b ? -1 : Number(a > b))).join('\n')
}

function isMissing({ status, body }: Answer, json: Json): boolean {
  const { code } = Object(Array.isArray(json) ? json[0] : json) as { code?: number }
  if (status === 501 || code === 12) return true
  return status === 404 && (body.startsWith('404 page not found') || /"message":"Not Found"/.test(body))
}
