import { statSync } from 'node:fs'
import { resolveConfig } from './config.ts'
import type { StartOptions } from './config.ts'
import { exitCodes } from './exit.ts'
import { createLogger } from './logging.ts'
import { ServiceManager } from './service-manager.ts'
import { quoted } from './shell.ts'
import { onStopSignals, stopSignals } from './stop-signals.ts'
import { MemberHalted } from '../replica.ts'
import { startServer } from '../server.ts'
import type { RunningServer } from '../server.ts'

/** A directory that was there before keeps its mode; ours are 0700, and files 0600. */
function warnOfOpenDirectory(directory: string, log: ReturnType<typeof createLogger>): void {
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found?.isDirectory() !== true || (found.mode & 0o077) === 0) return
  log.warn(`--data-dir ${directory} can be looked into by others on this machine: chmod 700 ${quoted(directory)}`)
}

/** What is under way when the signal to stop comes may take so long. */
const graceMs = 5000

/** Runs one member until it is told to stop, or stops by itself. */
export async function start(options: StartOptions): Promise<number> {
  try {
    return await run(options)
  } catch (error) {
    // Who started us would take a removal for an end that somebody ordered, and a lost disk for one that a start mends.
    if (error instanceof MemberHalted && process.connected) process.send?.(error.code)
    throw error
  }
}

async function run(options: StartOptions): Promise<number> {
  const config = resolveConfig(options)
  const log = createLogger(options.logLevel, options.logFormat)
  for (const warning of config.warnings) log.warn(warning)
  warnOfOpenDirectory(config.directory, log)
  // Until it serves, a signal ends the process as it ends any other: there is nothing to finish, and a start may hang.
  if (process.connected) {
    process.once('disconnect', leave)
    process.channel?.unref()
  }
  const usesTls = config.tls.clients !== undefined || config.tls.peers !== undefined
  let started: RunningServer | undefined
  // Without certificates it is the end of a terminal.
  if (usesTls) process.on('SIGHUP', () => started?.reloadCertificates())
  const server = await startServer(config, log)
  started = server
  const stop = stopRequests(usesTls ? stopSignals.filter((signal) => signal !== 'SIGHUP') : stopSignals)
  // Who started us cannot know from our port: somebody else may have it.
  if (process.connected) process.send?.('serving')
  const serves = `member ${config.name} serves clients on ${server.clientUrls.join(', ')}`
  // A member of a cluster in a terminal has somebody else to tell.
  const manager = new ServiceManager(process.connected ? {} : process.env, log)
  manager.ready(serves)
  log.info(serves, {
    member: server.seat.self,
    cluster: server.seat.cluster,
    directory: config.directory,
    ...(server.metricsUrls.length === 0 ? {} : { metrics: server.metricsUrls.join(', ') }),
  })
  const ended = await Promise.race([stop.then(() => undefined), server.halted])
  manager.stopping()
  if (ended !== undefined) {
    await server.stop(0)
    throw new MemberHalted(ended.code === 'removed' ? ended.message : `the member stopped: ${ended.message}`, ended)
  }
  await stopInOrder(server, log)
  return exitCodes.ok
}

function leave(): void {
  process.exit(exitCodes.failed)
}

async function stopInOrder(server: RunningServer, log: ReturnType<typeof createLogger>): Promise<void> {
  log.info(`stopping: hands leadership over and finishes what is under way, for at most ${graceMs / 1000} s`)
  await server.stop(graceMs)
  log.info('stopped')
}

/**
 * Resolves at the first signal to stop; a second one ends the process at once. Who started this process as a member of
 * a cluster in its terminal holds a channel to it: when that closes, its terminal is gone, and so are we.
 */
async function stopRequests(signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    onStopSignals(resolve, leave, signals)
    if (process.connected) {
      process.off('disconnect', leave)
      process.on('disconnect', resolve)
      process.channel?.unref()
    }
  })
}
