import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request on its way through the pages: what was asked, in parts, and whom to answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly query: URLSearchParams
}

const plain = 'text/plain; charset=utf-8'

/** Whole answers have a length: the connection stays usable, and a HEAD says what a GET would. */
export function answer(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': contentType, 'content-length': length, ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function answerText(exchange: Exchange, status: number, body: string): void {
  answer(exchange, status, plain, body, { 'x-content-type-options': 'nosniff' })
}

export function answerJson(
  exchange: Pick<Exchange, 'request' | 'response'>,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  answer(exchange, status, 'application/json', JSON.stringify(value), headers)
}

/** As Go's own HTTP server says it, since that is what etcd's users see. */
export function answerNotFound(exchange: Exchange): void {
  answerText(exchange, 404, '404 page not found\n')
}

/** Runs `page` for GET and HEAD, and refuses everything else. */
export function onlyGet(exchange: Exchange, page: () => void): void {
  const { method } = exchange.request
  if (method === 'GET' || method === 'HEAD') return page()
  exchange.response.setHeader('allow', 'GET, HEAD')
  answerText(exchange, 405, 'Method Not Allowed\n')
}
