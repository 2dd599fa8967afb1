import { connect, type ClientHttp2Session } from 'node:http2'
import { GrpcError } from 'synod/grpc'

const unavailable = 14
const unknown = 2
const deadlineExceeded = 4

/** Unary calls over TLS by Node's own HTTP/2: enough to ask a server how it is between two loads. */
export class SecureChannel {
  private readonly session: ClientHttp2Session
  private failure = 'the connection is closed'

  constructor(port: number, authority: Buffer) {
    this.session = connect(`https://127.0.0.1:${port}`, { ca: authority })
    this.session.on('error', (error: Error) => (this.failure = error.message))
  }

  get closed(): boolean {
    return this.session.closed || this.session.destroyed
  }

  async unary(path: string, message: Uint8Array, { timeout = 10_000 }: { timeout?: number } = {}): Promise<Uint8Array> {
    const call = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.ceil(timeout)}m`,
    })
    const body = Buffer.alloc(5 + message.length)
    body.writeUInt32BE(message.length, 1)
    body.set(message, 5)
    const pieces: Buffer[] = []
    return new Promise((resolve, reject) => {
      const fail = (code: number, why: string): void => reject(new GrpcError(code, why, true))
      let status: string | undefined
      const look = (fields: Readonly<Record<string, string | string[] | number | undefined>>): void => {
        const said = fields['grpc-status']
        if (said !== undefined) status = `${String(said)} ${String(fields['grpc-message'] ?? '')}`
      }
      call.setTimeout(timeout, () => {
        call.close()
        fail(deadlineExceeded, `no answer within ${timeout} ms`)
      })
      call.on('response', look)
      call.on('trailers', look)
      call.on('data', (bytes: Buffer) => pieces.push(bytes))
      call.on('error', () => fail(unavailable, this.failure))
      call.on('close', () => {
        if (status?.startsWith('0 ') === true) resolve(Buffer.concat(pieces).subarray(5))
        else fail(status === undefined ? unavailable : Number.parseInt(status) || unknown, status ?? this.failure)
      })
      call.end(body)
    })
  }

  close(): void {
    this.session.destroy()
  }
}
