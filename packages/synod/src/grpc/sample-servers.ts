/** Servers of the tests, clients of them, and the end of both. */
import { assert, type Logger } from '../core/index.ts'
import { FrameType } from './frames.ts'
import {
  connect,
  serve,
  type ChannelOptions,
  type GrpcChannel,
  type GrpcServer,
  type Limits,
  type ServeOptions,
  type Unary,
} from './index.ts'
import { hello, isAnswer, message, RawClient, request } from './raw-client.ts'

/** No test makes an error that it does not look for. */
const log: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (text, fields) => {
    throw new Error(text, { cause: fields })
  },
}
const closers: (() => void | Promise<void>)[] = []

/** To be done when the test is over, the last one first. */
export function atEnd(close: () => void | Promise<void>): void {
  closers.push(close)
}

/** The test is over. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close()
}

/** A server on a port of its own. */
export async function listening(
  options: Partial<ServeOptions> & Pick<ServeOptions, 'routes'>,
): Promise<{ server: GrpcServer; port: number }> {
  const server = serve({ log, ...options })
  atEnd(() => server.close())
  return { server, port: (await server.listen('127.0.0.1', 0)).port }
}

/** One that echoes, keeps calls without an answer, and answers much to little. */
export async function start(
  limits: Partial<Limits> = {},
  options: Partial<ServeOptions> = {},
): Promise<{ server: GrpcServer; port: number; calls: Unary[] }> {
  const calls: Unary[] = []
  const routes = new Map([
    ['/t.T/Echo', { unary: (call: Unary, sent: Uint8Array) => call.respond(sent) }],
    ['/t.T/Keep', { unary: (call: Unary) => void calls.push(call) }],
    ['/t.T/Megabyte', { unary: (call: Unary) => call.respond(new Uint8Array(1024 * 1024)) }],
  ])
  return { ...(await listening({ limits, routes, ...options })), calls }
}

export function channelTo(port: number, options: ChannelOptions = { log }): GrpcChannel {
  const channel = connect('127.0.0.1', port, options)
  atEnd(() => channel.close())
  return channel
}

export function dial(port: number): RawClient {
  const client = new RawClient(port)
  atEnd(() => void client.socket.destroy())
  return client
}

/** Whatever others did to the server, whoever keeps the rules is answered. */
export async function expectServed(port: number): Promise<void> {
  const wire = dial(port)
  wire.socket.write(Buffer.concat([hello, request(1)]))
  const frames = await wire.until(isAnswer(1))
  const answer = frames.find(({ type }) => type === FrameType.data)?.payload
  assert(answer?.equals(message) === true, 'a request is answered')
  wire.socket.destroy()
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
