import { SecureChannel } from './secure-channel.ts'
import { connect, type GrpcChannel, GrpcError } from 'synod/grpc'

/** A call that got no answer, or a refusal. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed'
  /** Certainly not applied: it never left, the server says so, or the request itself is at fault. */
  readonly certain: boolean

  constructor({ code, message, mayHaveBeenSent, trailers }: GrpcError) {
    super(`${code} ${message}`)
    this.certain = !mayHaveBeenSent || trailers.get('synod-outcome') === 'rejected' || definiteCodes.has(code)
  }
}

// The request itself is at fault, or an earlier check refused it: invalid argument, not found, failed precondition,
// out of range, unimplemented.
const definiteCodes: ReadonlySet<number> = new Set([3, 5, 9, 11, 12])

/** One member's client port; it connects when it is needed, and anew after a connection broke. */
export class Endpoint {
  readonly port: number
  private readonly authority: Buffer | undefined
  private channel: Pick<GrpcChannel, 'unary' | 'close' | 'closed'> | undefined

  /** With an authority's certificate: over TLS, to nobody whom it does not vouch for. */
  constructor(port: number, authority?: Buffer) {
    this.port = port
    this.authority = authority
  }

  /** The answer's bytes. Rejects with `CallFailed`. */
  async call(path: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.channel === undefined || this.channel.closed) this.channel = this.connected()
    try {
      return await this.channel.unary(path, message, { timeout: timeoutMs })
    } catch (error) {
      throw error instanceof GrpcError ? new CallFailed(error) : error
    }
  }

  private connected(): Pick<GrpcChannel, 'unary' | 'close' | 'closed'> {
    if (this.authority === undefined) return connect('127.0.0.1', this.port)
    return new SecureChannel(this.port, this.authority)
  }

  close(): void {
    this.channel?.close()
    this.channel = undefined
  }
}
