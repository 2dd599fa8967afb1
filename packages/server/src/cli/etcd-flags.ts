import { Option } from 'commander'
import type { Command } from 'commander'
import { parseTime } from './client.ts'
import { UsageError } from './exit.ts'
import { environmentName } from './options.ts'

/**
 * What becomes of a flag of etcd's that is none of ours. `alias`: it is, under another name. `accepted`: with these values
 * it says what is so anyway. `ignored`: it tunes something that is not there; the log says so at the start. Whatever
 * else it says is refused, with the reason: a member that looked configured and is not is worse than one that does not start.
 */
type Fate =
  | { readonly alias: string; readonly convert?: (text: string) => string | number }
  | { readonly accepted?: readonly string[]; readonly why: string }
  | { readonly ignored: string }

const noDatabase = 'there is no bbolt database underneath'
const noWatch = 'watches are not there yet'
const noDiscovery = 'members are found by --initial-cluster alone: name them there'
const noBoundary = 'a file is kept for as long as it is needed, and used again'

/** A time as Go writes it, in whole milliseconds. */
function milliseconds(text: string): number {
  return Math.round(parseTime(text))
}

/** By name; those with the same name and meaning here are in `startSettings`. */
export const etcdFlags: Readonly<Record<string, Fate>> = {
  '--experimental-max-learners': { alias: '--max-learners' },
  '--warning-unary-request-duration': { alias: '--slow-request-threshold', convert: milliseconds },
  '--experimental-warning-unary-request-duration': { alias: '--slow-request-threshold', convert: milliseconds },
  '--warning-apply-duration': { ignored: 'a slow request tells how long its apply took: see --slow-request-threshold' },
  '--experimental-warning-apply-duration': {
    ignored: 'a slow request tells how long its apply took: see --slow-request-threshold',
  },
  '--strict-reconfig-check': {
    accepted: ['true'],
    why: 'a change that would cost the majority is always refused',
  },
  '--pre-vote': { accepted: ['true'], why: 'candidates always ask for pre-votes' },
  '--initial-election-tick-advance': {
    accepted: ['true', 'false'],
    why: 'the first election waits for an election timeout drawn at random',
  },
  '--logger': { accepted: ['zap'], why: 'there is one logger: see --log-format' },
  '--log-outputs': {
    accepted: ['default', 'stderr'],
    why: 'the log goes to standard error: let systemd, the container, or a redirection take it from there',
  },
  '--metrics': { accepted: ['basic', 'extensive'], why: 'there is one set of metrics' },
  '--enable-grpc-gateway': { accepted: ['true'], why: 'the client port speaks JSON too, and cannot be told not to' },
  '--enable-v2': { accepted: ['false'], why: 'the API is v3 alone' },
  '--max-txn-ops': { accepted: ['128'], why: 'a transaction has at most 128 operations' },
  '--unsafe-no-fsync': { accepted: ['false'], why: 'an answer always waits for the disks of a majority' },
  '--enable-pprof': { accepted: ['false'], why: 'profiles come from Node.js: node --cpu-prof, or --inspect' },
  '--auto-compaction-retention': {
    accepted: ['0', '0s'],
    why: 'compaction by itself is not there yet: let a client compact (etcdctl compact, or what Kubernetes does every five minutes)',
  },
  '--auto-compaction-mode': {
    accepted: ['periodic', 'revision'],
    why: 'compaction by itself is not there yet',
  },
  '--auth-token': { why: 'users and roles are not there yet' },
  '--auth-token-ttl': { why: 'users and roles are not there yet' },
  '--bcrypt-cost': { why: 'users and roles are not there yet' },
  '--wal-dir': { why: 'the journal lives in --data-dir: put that on the fast disk' },
  '--discovery': { why: noDiscovery },
  '--discovery-srv': { why: noDiscovery },
  '--discovery-endpoints': { why: noDiscovery },
  '--discovery-token': { why: noDiscovery },
  '--force-new-cluster': {
    why: 'a cluster that has lost its majority cannot be made anew from one member yet: see docs/operations.md, "Backup"',
  },
  '--cors': { accepted: [''], why: 'pages of other origins are not served: put a proxy in front' },
  '--host-whitelist': { accepted: ['*'], why: 'requests are not told apart by their host name' },
  '--experimental-initial-corrupt-check': {
    accepted: ['false'],
    why: 'every record of the journal is checked when it is read, always; members are compared with etcdctl endpoint hashkv',
  },
  '--experimental-corrupt-check-time': {
    accepted: ['0', '0s'],
    why: 'compare the members with etcdctl endpoint hashkv',
  },
  '--watch-progress-notify-interval': { ignored: noWatch },
  '--experimental-watch-progress-notify-interval': { ignored: noWatch },
  '--snapshot-catchup-entries': { ignored: '10,000 entries are kept behind a snapshot' },
  '--experimental-snapshot-catchup-entries': { ignored: '10,000 entries are kept behind a snapshot' },
  '--max-snapshots': { ignored: 'one snapshot is kept' },
  '--max-wals': { ignored: noBoundary },
  '--backend-batch-limit': { ignored: noDatabase },
  '--backend-batch-interval': { ignored: noDatabase },
  '--backend-bbolt-freelist-type': { ignored: noDatabase },
}

/** Hidden from the help, and known to the command line, the environment and the file of settings. */
export function addEtcdFlags(command: Command): Command {
  for (const flag of Object.keys(etcdFlags)) {
    command.addOption(new Option(`${flag} [value]`, 'of etcd').env(environmentName(flag)).hideHelp())
  }
  return command
}

const strength: readonly (string | undefined)[] = [undefined, 'default', 'config', 'env', 'cli']

/** Puts aliases under their own names. Answers what is ignored, for the log. Throws a `UsageError` for what cannot be done. */
export function takeEtcdFlags(command: Command): string[] {
  const ignored: string[] = []
  for (const option of command.options) {
    const flag = option.long ?? ''
    const fate = etcdFlags[flag]
    const given: unknown = fate === undefined ? undefined : command.getOptionValue(option.attributeName())
    if (fate === undefined || given === undefined) continue
    const text = typeof given === 'string' ? given : 'true'
    if ('ignored' in fate) ignored.push(`${flag} has no effect: ${fate.ignored}`)
    else if ('alias' in fate) rename(command, option, fate.alias, fate.convert?.(text) ?? text)
    else if (fate.accepted?.includes(text) !== true) throw new UsageError(`${flag} ${text}: ${fate.why}`)
  }
  return ignored
}

function rename(command: Command, alias: Option, flag: string, value: string | number): void {
  const option = command.options.find(({ long }) => long === flag)
  if (option === undefined) throw new TypeError(`${flag} is a setting of ${command.name()}`)
  const key = option.attributeName()
  const from = command.getOptionValueSource(alias.attributeName())
  const known = command.getOptionValueSource(key)
  if (from === known) throw new UsageError(`${alias.long} and ${flag} are the same setting: give one of them`)
  if (strength.indexOf(from) < strength.indexOf(known)) return
  const parsed: unknown = option.parseArg === undefined ? value : option.parseArg(String(value), undefined)
  command.setOptionValueWithSource(key, parsed, from ?? 'cli')
}
