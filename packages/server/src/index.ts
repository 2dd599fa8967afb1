/**
 * The etcd API in front of a replicated store, and the `synod` command.
 *
 * ```ts
 * const server = await startServer(resolveConfig(options), log)   // one member: data directory, peers, clients
 * console.log(server.clientUrls)
 * await server.stop(5000)                                         // hands leadership over first
 * ```
 *
 * @module
 */
export { resolveConfig } from './cli/config.ts'
export type { ServerConfig, StartOptions } from './cli/config.ts'
export { startServer } from './server.ts'
export type { RunningServer } from './server.ts'
