import type { Command } from 'commander'
import { clientSettings } from './client.ts'
import { startSettings } from './config.ts'
import type { Asked, DoctorOptions } from './doctor/command.ts'
import { addEtcdFlags } from './etcd-flags.ts'
import { addSettings } from './options.ts'
import type { Setting } from './options.ts'

/** Of the settings of `synod start`, all of which are taken, those that the help is about. */
const shown: ReadonlySet<string> = new Set([
  '--data-dir',
  '--config-file',
  '--listen-client-urls',
  '--listen-peer-urls',
  '--quota-backend-bytes',
  '--heartbeat-interval',
])

const certificates: Setting = {
  flag: '--certificates',
  argument: 'files',
  description: 'files of certificates to look at too, separated by commas',
  environment: false,
}

const help = `
Without --endpoints: this machine and a data directory, for a member with the settings of synod start, all of which are taken.
With --endpoints: the cluster behind them; this machine too if --data-dir or --config-file is given. Nothing is ever changed.
Each line begins with ok, warning, problem, or unknown: what cannot be told from here.
Exit codes: 0 no problem, 1 a problem.

Examples:
  synod doctor --data-dir /var/lib/synod
  synod doctor --config-file /etc/synod/synod.yaml --endpoints 10.0.0.1:2379
  synod doctor --endpoints 127.0.0.1:2379,127.0.0.1:2381,127.0.0.1:2383 --json`

/** The settings of a member and of a client together; `run` is what does it, and `complete` takes the file of settings. */
export function addDoctor(
  command: Command,
  complete: (command: Command) => Promise<void>,
  run: (options: DoctorOptions, asked: Asked) => Promise<void>,
): void {
  const known = new Set(startSettings.map(({ flag }) => flag))
  addSettings(command, [...clientSettings.filter(({ flag }) => !known.has(flag)), certificates, ...startSettings])
  for (const option of command.options) {
    if (known.has(option.long ?? '') && !shown.has(option.long ?? '')) option.hideHelp()
  }
  addEtcdFlags(command)
    .addHelpText('after', help)
    .hook('preAction', complete)
    .action(async (options: DoctorOptions) => run(options, asked(command)))
}

function asked(command: Command): Asked {
  const isGiven = (flag: string): boolean => {
    const option = command.options.find(({ long }) => long === flag)
    const source = option === undefined ? undefined : command.getOptionValueSource(option.attributeName())
    return source !== undefined && source !== 'default'
  }
  const cluster = isGiven('--endpoints')
  const machine = !cluster || isGiven('--data-dir') || isGiven('--config-file')
  return {
    machine,
    cluster,
    certificates: filesOf(command, /^--(?:peer-)?(?:cert|trusted-ca)-file$|^--(?:cacert|cert)$/),
    keys: filesOf(command, /^--(?:peer-)?key-file$|^--key$/),
  }
}

/** Of the flags with such names, those that are given: flag and file. */
function filesOf(command: Command, flags: RegExp): [string, string][] {
  return command.options.flatMap((option): [string, string][] => {
    const value: unknown = command.getOptionValue(option.attributeName())
    const flag = option.long ?? ''
    return flags.test(flag) && typeof value === 'string' ? [[flag, value]] : []
  })
}
