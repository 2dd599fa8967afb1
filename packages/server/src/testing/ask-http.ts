import { request as httpRequest } from 'node:http'

/** What a request over HTTP came to. */
export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
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
