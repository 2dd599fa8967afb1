import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Bindings, Line } from './transcript.ts'

// Lines of etcd's own command. It is not a part of this project: `apt-get install etcd-client` brings it.

export const etcdctl: string | undefined = ['/usr/bin/etcdctl', '/usr/local/bin/etcdctl'].find(existsSync)

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command in the background is given so long to say what it says. */
const backgroundMs = 1000

async function run(args: readonly string[], { stdin = '', background = false }: Line): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(etcdctl ?? 'etcdctl', args, { env: { ...process.env, ETCDCTL_API: '3' }, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    // It may have had enough before it has read all.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    const timer = setTimeout(() => child.kill(), background ? backgroundMs : 20_000)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
  })
}

/** `missing`: what the command does not have; empty where it is the server that does not. */
type CommandOutcome = { readonly missing: string } | { readonly differences: readonly string[] }

export async function checkCommand(url: string, line: Line, bindings: Bindings): Promise<CommandOutcome> {
  const args = (line.args ?? []).map((arg) => bindings.expandText(arg))
  const ended = await run(['--endpoints', url, ...args], line)
  const { stdout } = ended
  const lease = /^lease ([0-9a-f]+) granted/.exec(stdout)?.[1]
  if (lease !== undefined) bindings.set('$lease', lease)
  const stderr = withoutLog(ended.stderr)
  if (/code = Unimplemented|unknown (service|method)/.test(ended.stderr)) return { missing: '' }
  // Versions of etcdctl differ in their flags.
  const flag = /unknown flag: (--[a-z-]+)/.exec(ended.stderr)?.[1]
  if (flag !== undefined) return { missing: `${flag} of etcdctl: the one here has none` }
  const says = saysElsewhere(line)
  const differences = [
    ...(line.background === true || ended.code === line.code
      ? []
      : [`exit code ${ended.code} instead of ${line.code}`]),
    ...bindings.textDifferences(line.stdout ?? '', says ? stdout + ended.stderr : stdout, 'stdout'),
    ...(says || line.background === true || line.stderr === undefined
      ? []
      : bindings.textDifferences(line.stderr, stderr, 'stderr')),
  ]
  return { differences }
}

/** Versions of etcdctl differ in where they write that an endpoint is healthy. */
function saysElsewhere({ args = [] }: Line): boolean {
  return args.includes('health')
}

/** What its client logs is cut from the transcripts too. */
function withoutLog(stderr: string): string {
  const isLog = (line: string): boolean => line.startsWith('{"level"') || /^\d{4}-\d\d-\d\dT/.test(line)
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !isLog(line))
    .join('\n')
}
