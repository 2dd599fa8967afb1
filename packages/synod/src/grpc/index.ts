/**
 * HTTP/2 (RFC 9113), HPACK (RFC 7541) and gRPC over Node's sockets, both sides, without a library: they decide
 * how fast a server is, and every library costs several times as much for each request.
 *
 * ```ts
 * const echo = { unary: (call: Unary, request: Uint8Array) => call.respond(request) }
 * const server = serve({ routes: new Map([['/example.Echo/Echo', echo]]), log })
 * const { port } = await server.listen('127.0.0.1', 0)
 *
 * const channel = connect('127.0.0.1', port)
 * const answer = await channel.unary('/example.Echo/Echo', new Uint8Array([1, 2, 3]), { timeout: 1000 })
 *
 * channel.close()
 * await server.drain(5000)
 * ```
 *
 * A route of many messages is told of each as it arrives, and says at which pace it takes and sends them:
 *
 * ```ts
 * const echoes = { stream: (call: Streaming) => ({ message: (sent: Uint8Array) => call.send(sent), halfClosed: () => call.end() }) }
 * ```
 *
 * What it does not do for anybody, and what it counts, is `Limits` and `ServerCounters`; docs/grpc.md has them in a table.
 *
 * What makes it fast: all frames of one read are handled in one loop, and all answers of one turn leave in one write;
 * a header block that was seen before is known by its bytes; the header blocks of an answer are two constants; a call
 * is one plain object, without promise, closure or event emitter.
 *
 * @module
 */
export type { Unary } from './call.ts'
export { serve } from './server.ts'
export type { GrpcServer, ServeOptions } from './server.ts'
export type { ServerTls } from './secure-listener.ts'
export { defaultLimits } from './limits.ts'
export type { Limits } from './limits.ts'
export type { Route, StreamRoute, UnaryRoute } from './routes.ts'
export type { StreamHandler, Streaming } from './stream-call.ts'
export { MethodCounts } from './counters.ts'
export type { LimitName, MethodCounters, ServerCounters } from './counters.ts'
export { addressOf } from './address.ts'
export { Code } from './status.ts'
export { connect } from './client.ts'
export type { ChannelOptions, ChannelTls, GrpcChannel } from './client.ts'
export { GrpcError } from './outgoing.ts'
export type { CallOptions } from './outgoing.ts'
export type { ClientStream, ClientStreamHandler } from './outgoing-stream.ts'
