import { Command, CommanderError } from 'commander'
import { addCertificates } from './certificates-program.ts'
import type { CheckOptions } from './check.ts'
import { clientSettings } from './client.ts'
import type { ClientOptions } from './client.ts'
import type { StatusOptions } from './cluster-commands.ts'
import type { DevOptions } from './cluster-dev.ts'
import { sharedSettings, startSettings } from './config.ts'
import type { StartOptions } from './config.ts'
import { CommandError, exitCodes } from './exit.ts'
import { addDoctor } from './doctor-program.ts'
import { addEtcdFlags, takeEtcdFlags } from './etcd-flags.ts'
import { exploreHelp, exploreSettings } from './explore/settings.ts'
import type { ExploreOptions } from './explore/settings.ts'
import type { MemberAddOptions, MemberListOptions, MemberUpdateOptions } from './member-commands.ts'
import type { DelOptions, GetOptions, PutOptions } from './kv-commands.ts'
import { addSettings, checkEnvironment, exitCodeOf, whole } from './options.ts'
import type { Setting } from './options.ts'
import { simulateHelp, simulateSettings } from './simulate/settings.ts'
import type { SimulateOptions } from './simulate/settings.ts'
import { synodVersion } from './version.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Runs the command that `argv` asks for. Answers the exit code; every failure that its caller can do something about
 * is one message on standard error, without a stack.
 */
export async function run(argv: readonly string[], environment: Environment): Promise<number> {
  let exitCode: number = exitCodes.ok
  const program = createProgram(environment, (code) => {
    exitCode = code
  })
  try {
    checkEnvironment(environment, program)
    await program.parseAsync([...argv])
    return exitCode
  } catch (error) {
    // commander has said what was wrong already.
    if (error instanceof CommanderError) {
      if (error.code === 'commander.unknownOption' && ['put', 'get', 'del'].includes(argv[2] ?? ''))
        process.stderr.write(`A key that begins with - goes after --, as in: synod ${argv[2] ?? ''} -- -key\n`)
      return exitCodeOf(error.exitCode)
    }
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`synod: ${error.message}\n`)
    return error.exitCode
  }
}

const examples = `
Examples:
  synod cluster dev                     three members on this machine, data in ./synod-data
  synod start                           one durable member on 127.0.0.1:2379
  synod put greeting hello
  synod get greeting
  synod status --cluster
  synod doctor                          what is wrong with this machine or a cluster, and what to do
  synod certificates create --directory certificates --members a=10.0.0.1,b=10.0.0.2,c=10.0.0.3
  synod simulate                        attacks Raft in simulated worlds
  synod explore                         lists what can be explored exhaustively

Exit codes:
  0  it worked
  1  it did not; a write was certainly not applied
  2  the command line, the environment or the input is wrong
  3  no answer: the write may have been applied, or may still be
  4  get: the key does not exist
  130  simulate: interrupted

Options can be given as SYNOD_<OPTION> in the environment (each command's help says which); the command line wins.
A key that begins with - goes after --, as in: synod get -- -key`

type Done = (exitCode: number) => void

/** A command of a command, whose failures end with our exit codes instead of commander's. */
function add(parent: Command, name: string, description: string, settings: readonly Setting[]): Command {
  return addSettings(parent.command(name), settings).description(description).exitOverride()
}

function createProgram(environment: Environment, done: Done): Command {
  const program = new Command('synod')
    .description('A durable, replicated key-value store that the clients of etcd can use.')
    .version(synodVersion())
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', examples)
  addServers(program, environment, done)
  addRangeCommands(program, done)
  addWriteCommands(program, done)
  addClusterCommands(program, done)
  const doctor = 'Look at this machine, a data directory and a running cluster: what is wrong, and what to do.'
  addDoctor(add(program, 'doctor', doctor, []), completeSettings, async (options, asked) =>
    done(await (await import('./doctor/command.ts')).doctor(options, asked)),
  )
  addCertificates(program, done)
  addSimulate(program, done)
  addExplore(program, done)
  addCheck(program, done)
  return program
}

/** What the file says where nobody else did, and what etcd's other names mean. */
async function completeSettings(command: Command): Promise<void> {
  const { configFile } = command.opts<StartOptions>()
  if (configFile !== undefined) (await import('./config-file.ts')).applyConfigFile(command, configFile)
  command.setOptionValue('ignored', takeEtcdFlags(command))
}

function addServers(program: Command, environment: Environment, done: Done): void {
  const description = 'Run one member. Without options: a durable cluster of one, on loopback only.'
  addEtcdFlags(add(program, 'start', description, startSettings))
    .addHelpText(
      'after',
      `
A flag of etcd's that is not listed here is taken under our name, or refused with the reason.

Examples:
  synod start
  synod start --config-file synod.yaml      # name: a, data-dir: /var/lib/synod, ...
  synod start --name a --initial-cluster a=http://10.0.0.1:2380,b=http://10.0.0.2:2380,c=http://10.0.0.3:2380 \\
    --listen-client-urls http://10.0.0.1:2379 --insecure-peers
  synod certificates create --help             # for TLS: certificates, and the flags to start with`,
    )
    .hook('preAction', completeSettings)
    .action(async (options: StartOptions) => done(await (await import('./start.ts')).start(options)))

  const cluster = program.command('cluster').description('Run a whole cluster.').exitOverride()
  const dev = add(cluster, 'dev', 'Run a cluster of several processes on this machine, in this terminal.', [
    { flag: '--nodes', argument: 'count', fallback: 3, parse: whole(1, 9), description: 'how many members' },
    {
      flag: '--data-dir',
      argument: 'directory',
      fallback: 'synod-data',
      description: 'the members keep data and logs below it',
    },
    {
      flag: '--base-port',
      argument: 'port',
      fallback: 2379,
      parse: whole(1, 65_500),
      description: 'clients: this, +2, +4 …; peers: +1, +3, +5 …',
    },
    { flag: '--tls', description: 'with certificates, which are made in the data directory at the first start' },
    ...sharedSettings,
  ])
  addEtcdFlags(dev)
    .addHelpText('after', '\nExamples:\n  synod cluster dev --nodes 5\n  synod cluster dev --tls --data-dir tls-data')
    .hook('preAction', completeSettings)
    .action(async (options: DevOptions) =>
      done(await (await import('./cluster-dev.ts')).clusterDev(options, environment)),
    )
}

const rangeSettings: readonly Setting[] = [
  { flag: '--prefix', description: 'all keys that begin with <key>', environment: false },
  { flag: '--from-key', description: 'all keys from <key> on', environment: false },
]

const serializable: Setting = {
  flag: '--serializable',
  description: 'what the asked member knows, perhaps not the newest; works without a leader',
}

function addWriteCommands(program: Command, done: Done): void {
  add(program, 'put', 'Write a key.', [
    ...clientSettings,
    {
      flag: '--lease',
      argument: 'id',
      description: 'attach the key to this lease (hexadecimal)',
      environment: false,
    },
    { flag: '--prev-kv', description: 'print what it replaced', environment: false },
  ])
    .argument('<key>')
    .argument('[value]', 'read from standard input if it is missing')
    .addHelpText('after', '\nExamples:\n  synod put greeting hello\n  synod put config/site < site.json')
    .action(async (key: string, value: string | undefined, options: PutOptions) =>
      done(await (await import('./kv-commands.ts')).put(key, value, options)),
    )

  add(program, 'txn', 'Run a transaction, read from standard input.', clientSettings)
    .addHelpText(
      'after',
      `
The text has three parts, each ended by an empty line: comparisons, what to do if all of them hold, what to do if not.
  version|create|mod|value|lease("<key>") =|!=|<|> "<operand>"
  put <key> <value> | get <key> [<end>] | del <key> [<end>]

Examples:
  printf 'version("lock") = "0"\\n\\nput lock me\\n\\nget lock\\n' | synod txn
  echo '{"compare":[{"target":"value","key":"a","result":"=","operand":"1"}],"success":[{"put":{"key":"a","value":"2"}}]}' | synod txn`,
    )
    .action(async (options: ClientOptions) => done(await (await import('./kv-commands.ts')).txn(options)))
}

function addSimulate(program: Command, done: Done): void {
  add(program, 'simulate', 'Attack a protocol in simulated worlds, or replay a run that failed.', simulateSettings)
    .argument(
      '[protocol]',
      'raft, multi-paxos, paxos, ben-or, failure-detectors, chandra-toueg …, or the file of a protocol of your own',
    )
    .addHelpText('after', simulateHelp)
    .action(async (protocol: string | undefined, options: SimulateOptions) =>
      done(await (await import('./simulate/command.ts')).simulate(protocol, options)),
    )
}

function addExplore(program: Command, done: Done): void {
  add(program, 'explore', 'Try every order of events of a small world, or replay what one breaks.', exploreSettings)
    .argument('[model]', 'its name; without one, all of them are listed')
    .addHelpText('after', exploreHelp)
    .action(async (model: string | undefined, options: ExploreOptions) =>
      done(await (await import('./explore/command.ts')).explore(model, options)),
    )
}

function addCheck(program: Command, done: Done): void {
  add(program, 'check', 'Judge whether a recorded history is linearizable.', [
    {
      flag: '--model',
      argument: 'name',
      description: 'judge by this model instead of the one that the history names',
      environment: false,
    },
    {
      flag: '--timeout',
      argument: 'seconds',
      parse: whole(1, 1_000_000),
      description: 'give up after so long',
      environment: false,
    },
    {
      flag: '--max-memory',
      argument: 'MB',
      parse: whole(1, 1_000_000),
      description: 'give up beyond so much memory of the search (1073)',
      environment: false,
    },
    { flag: '--html', argument: 'file', description: 'write an interactive picture', environment: false },
    { flag: '--json', description: 'one JSON object for each history', environment: false },
  ])
    .argument('<file>', 'JSON lines of synod/history, Porcupine or Jepsen; - for standard input')
    .addHelpText(
      'after',
      `
Exit codes: 0 linearizable, 1 not linearizable, 2 no verdict: a limit was reached, or it cannot be read.

Examples:
  synod check history.jsonl
  synod check history.jsonl --html history.html
  synod check - --timeout 60 --json < history.jsonl`,
    )
    .action(async (file: string, options: CheckOptions) =>
      done(await (await import('./check.ts')).checkFile(file, options)),
    )
}

function addRangeCommands(program: Command, done: Done): void {
  add(program, 'get', 'Read a key, or all keys of an interval. Linearizable unless --serializable.', [
    ...clientSettings,
    ...rangeSettings,
    {
      flag: '--rev',
      argument: 'revision',
      parse: whole(0, Number.MAX_SAFE_INTEGER),
      description: 'as it was at this revision',
      environment: false,
    },
    {
      flag: '--limit',
      argument: 'count',
      parse: whole(0, Number.MAX_SAFE_INTEGER),
      description: 'at most so many keys',
      environment: false,
    },
    { flag: '--keys-only', description: 'without values' },
    { flag: '--values-only', description: 'without keys' },
    { flag: '--count-only', description: 'only how many there are' },
    serializable,
  ])
    .argument('<key>')
    .argument('[end]', 'the interval ends before this key')
    .addHelpText(
      'after',
      '\nExamples:\n  synod get greeting\n  synod get config/ --prefix --keys-only\n  synod get greeting --rev 5 --json\n  synod get -- -key',
    )
    .action(async (key: string, end: string | undefined, options: GetOptions) =>
      done(await (await import('./kv-commands.ts')).get(key, end, options)),
    )

  add(program, 'del', 'Delete a key, or all keys of an interval. Prints how many there were.', [
    ...clientSettings,
    ...rangeSettings,
    { flag: '--prev-kv', description: 'print what was deleted', environment: false },
  ])
    .argument('<key>')
    .argument('[end]', 'the interval ends before this key')
    .addHelpText('after', '\nExample:\n  synod del config/ --prefix')
    .action(async (key: string, end: string | undefined, options: DelOptions) =>
      done(await (await import('./kv-commands.ts')).del(key, end, options)),
    )
}

const peerUrls: Setting = {
  flag: '--peer-urls',
  argument: 'urls',
  description: 'where the other members reach it',
  environment: false,
  required: true,
}

function addMemberCommands(program: Command, done: Done): void {
  const member = program.command('member').description('The members of a cluster.').exitOverride()
  add(member, 'list', 'List the members with their addresses. Linearizable unless --serializable.', [
    ...clientSettings,
    serializable,
  ])
    .addHelpText('after', '\nExample:\n  synod member list --json')
    .action(async (options: MemberListOptions) =>
      done(await (await import('./member-commands.ts')).memberList(options)),
    )

  add(member, 'add', 'Add a member, which need not run yet, and print how to start it.', [
    peerUrls,
    { flag: '--learner', description: 'it does not vote until it is promoted', environment: false },
    ...clientSettings,
  ])
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  synod member add m4 --peer-urls http://10.0.0.4:2380')
    .action(async (name: string, options: MemberAddOptions) =>
      done(await (await import('./member-commands.ts')).memberAdd(name, options)),
    )

  const one = (name: 'promote' | 'remove', description: string, example: string): Command =>
    add(member, name, description, clientSettings)
      .argument('<member>', 'its id, or its name')
      .addHelpText('after', `\nExample:\n  synod member ${name} ${example}`)
  one('promote', 'Make a voter of a learner that has caught up.', 'm4').action(
    async (named: string, options: ClientOptions) =>
      done(await (await import('./member-commands.ts')).memberPromote(named, options)),
  )
  one('remove', 'Remove a member. If it runs, its process ends by itself.', '8e9e05c52164694d').action(
    async (named: string, options: ClientOptions) =>
      done(await (await import('./member-commands.ts')).memberRemove(named, options)),
  )

  add(member, 'update', 'Change where the other members reach a member.', [peerUrls, ...clientSettings])
    .argument('<member>', 'its id, or its name')
    .addHelpText('after', '\nExample:\n  synod member update m2 --peer-urls http://10.0.0.22:2380')
    .action(async (named: string, options: MemberUpdateOptions) =>
      done(await (await import('./member-commands.ts')).memberUpdate(named, options)),
    )
}

function addAlarmCommands(program: Command, done: Done): void {
  const alarm = program.command('alarm').description('Why the cluster refuses writes.').exitOverride()
  add(alarm, 'list', 'List the alarms that are on: NOSPACE, CORRUPT.', clientSettings)
    .addHelpText('after', '\nExample:\n  synod alarm list')
    .action(async (options: ClientOptions) => done(await (await import('./alarm-commands.ts')).alarmList(options)))
  add(alarm, 'disarm', 'Take all alarms back, and print which those were.', clientSettings)
    .addHelpText('after', '\nNOSPACE ends by itself once a compaction has made room.\n\nExample:\n  synod alarm disarm')
    .action(async (options: ClientOptions) => done(await (await import('./alarm-commands.ts')).alarmDisarm(options)))
}

function addClusterCommands(program: Command, done: Done): void {
  addMemberCommands(program, done)
  addAlarmCommands(program, done)

  add(program, 'move-leader', 'Hand leadership over to another voter.', clientSettings)
    .argument('<member>', 'its id, or its name')
    .addHelpText('after', '\nExample:\n  synod move-leader m2')
    .action(async (member: string, options: ClientOptions) =>
      done(await (await import('./member-commands.ts')).moveLeader(member, options)),
    )

  add(program, 'status', 'Who leads, and how far each member is. Exits with 1 if a member does not answer.', [
    ...clientSettings,
    { flag: '--cluster', description: 'ask all members that the first endpoint knows of' },
  ])
    .addHelpText(
      'after',
      '\nExamples:\n  synod status --cluster\n  synod status --endpoints 127.0.0.1:2379,127.0.0.1:2381',
    )
    .action(async (options: StatusOptions) => done(await (await import('./cluster-commands.ts')).status(options)))
}
