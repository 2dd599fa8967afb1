import grpc from '@grpc/grpc-js'
import { messageType, services } from './reference.ts'
import type { Json } from './transcript.ts'

/** What a call came to: the answer in proto3 JSON, defaults left out, or the error. */
export type Outcome = Json

/** A client that neither shares code with the server nor with our own client: @grpc/grpc-js and protobufjs. */
export class EtcdClient {
  private readonly client: grpc.Client

  constructor(port: number) {
    const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }
    this.client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), unlimited)
  }

  /** `op` is *service/method* without the package, as in the transcripts. */
  async call(op: string, request: Json, metadata: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const [service = '', method = ''] = op.split('/')
    const found = services().find((one) => one.name === service)
    const declared = found?.methods[method]
    if (found === undefined || declared === undefined) throw new Error(`${op} is in no interface file`)
    const input = messageType(full(found.fullName, declared.requestType))
    const output = messageType(full(found.fullName, declared.responseType))
    const bytes = input.encode(input.fromObject(request as Record<string, unknown>)).finish()
    const answer = await this.raw(`/${found.fullName.slice(1)}/${method}`, bytes, metadata)
    if (!(answer instanceof Uint8Array)) return answer
    return output.toObject(output.decode(answer), { longs: String, enums: String, bytes: String })
  }

  /** Any bytes to any path. */
  async raw(
    path: string,
    bytes: Uint8Array,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<Uint8Array | { readonly error: { readonly code: number; readonly message: string } }> {
    const headers = new grpc.Metadata()
    for (const [name, value] of Object.entries(metadata)) headers.set(name, value)
    return new Promise((resolve) => {
      const deadline = Date.now() + 20_000
      this.client.makeUnaryRequest(path, same, same, Buffer.from(bytes), headers, { deadline }, (error, value) => {
        if (error === null) resolve(value ?? new Uint8Array())
        else resolve({ error: { code: error.code, message: error.details } })
      })
    })
  }

  close(): void {
    this.client.close()
  }
}

function same(value: Buffer): Buffer {
  return value
}

/** A message's name is relative to its service's package. */
function full(service: string, message: string): string {
  const space = service.slice(1, service.lastIndexOf('.'))
  return message.includes('.') ? message.replace(/^\./, '') : `${space}.${message}`
}
