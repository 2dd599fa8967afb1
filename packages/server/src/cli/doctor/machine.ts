import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Logger } from 'synod'
import { openCredentials } from '../../tls/open.ts'
import { resolveConfig } from '../config.ts'
import type { ServerConfig, StartOptions } from '../config.ts'
import { CommandError, messageOf } from '../exit.ts'
import { checkContents, checkRights, lookAt } from './directory.ts'
import type { DataDirectory } from './directory.ts'
import { checkSpace, checkSyncs } from './disk.ts'
import { ok, problem, unknown, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkPort } from './ports.ts'

/** So many clients and peers a member should be able to have, beside its own files. */
const descriptorsWanted = 4096
/** More than this between two clocks in a few seconds is a step, no drift. */
const stepMs = 100

const nothing = (): void => undefined
const unheard: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** This machine, for a member with these settings. */
export async function checkMachine(options: StartOptions): Promise<Finding[]> {
  const clocks = { wall: Date.now(), monotonic: performance.now() }
  let config: ServerConfig
  try {
    config = resolveConfig(options)
    // As at the start. What it says of their end is looked for in every file that is named, below.
    openCredentials(config, unheard).close()
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return [problem('settings', error.message, 'a member would not start with them')]
  }
  const settings = [ok('settings', `member ${config.name}, of ${config.cluster.members.length} first members`)]
  let directory: DataDirectory
  try {
    directory = lookAt(config.directory)
  } catch (error) {
    const found = `${config.directory} cannot be looked at: ${messageOf(error)}`
    return [...settings, problem('directory', found, 'run this as the user that the member runs as')]
  }
  const rights = checkRights(directory)
  const findings = [
    ...settings,
    ...config.warnings.map((text) => warning('settings', text, 'see docs/operations.md')),
    rights,
    ...(rights.status === 'problem' ? [] : await checkContents(directory, config.engine)),
    checkSyncs(directory.standing, config.heartbeatInterval),
    checkSpace(directory.standing, directory.usedBytes, config.quotaBytes),
    checkDescriptors(directory.owner),
  ]
  for (const address of config.clientAddresses)
    findings.push(await checkPort('--listen-client-urls', address, directory.owner))
  for (const address of config.metricsAddresses)
    findings.push(await checkPort('--listen-metrics-urls', address, directory.owner))
  findings.push(await checkPort('--listen-peer-urls', config.peerAddress, directory.owner))
  findings.push(checkClock(clocks))
  return findings
}

/** Of the member, if it runs; otherwise of what this user starts. */
function checkDescriptors(member: number | undefined): Finding {
  const check = 'descriptors'
  let limits: string
  try {
    limits = readFileSync(`/proc/${member ?? 'self'}/limits`, 'utf8')
  } catch {
    return unknown(check, 'this system does not say how many files a process may open')
  }
  const [, , hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? []
  // Node.js raises the soft limit to the hard one.
  const limit = hard === 'unlimited' ? Infinity : Number(hard)
  const found = `a process may have ${hard ?? '?'} open files and connections`
  if (limit >= descriptorsWanted) return ok(check, found)
  return warning(
    check,
    found,
    `raise it to ${descriptorsWanted} or more: LimitNOFILE= in the unit, ulimit -n in a shell`,
  )
}

/** The protocols need no time of day: elections, leases and deadlines go by clocks that only run forward. */
function checkClock(before: { readonly wall: number; readonly monotonic: number }): Finding {
  const check = 'clock'
  const step = Date.now() - before.wall - (performance.now() - before.monotonic)
  const harm = 'logs of several members cannot be laid beside each other, and certificates expire early or late'
  if (Math.abs(step) > stepMs)
    return warning(
      check,
      `the time of day has just jumped by ${Math.round(step)} ms; ${harm}`,
      'look at NTP on this machine',
    )
  const { stdout, status } = spawnSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: 2000,
  })
  if (status === 0 && stdout.trim() === 'yes') return ok(check, 'the time of day is synchronized')
  if (status === 0 && stdout.trim() === 'no')
    return warning(check, `the time of day is not synchronized; ${harm}`, 'run chrony or systemd-timesyncd')
  return unknown(
    check,
    'whether the time of day is synchronized is not said here; nothing but logs and certificates goes by it',
  )
}
