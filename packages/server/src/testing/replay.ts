import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deviationOf, isNeedless, since36, unlike } from './deviations.ts'
import type { Deviation } from './deviations.ts'
import type { EtcdClient } from './etcd-client.ts'
import { checkCommand, etcdctl } from './replay-commands.ts'
import type { ReplayHome } from './replay-home.ts'
import { checkHttp } from './replay-http.ts'
import { services } from './reference.ts'
import { Bindings } from './transcript.ts'
import type { Json, Line, Scenario } from './transcript.ts'

/** What a line of a transcript came to. */
export type Verdict = Result & { readonly what: string }

type Result =
  /** `unlike`: why it differs from what was recorded, as it may. */
  | { readonly outcome: 'passed'; readonly unlike?: string }
  | { readonly outcome: 'failed'; readonly why: string }
  /** `feature`: what is not there. */
  | { readonly outcome: 'not yet'; readonly feature: string }

const passed: Result = { outcome: 'passed' }

/** All that may be missing today: whatever else is answered as if it were not there has been lost. */
const absent =
  /^(Watch|Auth|Lock|Election)\/|^(Lease\/LeaseKeepAlive|Maintenance\/Snapshot|JWT)$|^POST \/v3\/(watch|auth|lock|election|lease\/keepalive)\b|^etcdctl |^--/

/** What would have changed nothing, had it been there. Whatever comes after another line may differ for its sake. */
const harmless: readonly RegExp[] = [
  /^(Watch|Maintenance)\//,
  /\/(Leader|Observe|UserGet|UserList|RoleGet|RoleList|AuthStatus|LeaseTimeToLive|LeaseLeases)$/,
  /^GET /,
  /^--/,
  /^etcdctl (watch|get|endpoint|snapshot|auth status|lease keep-alive|(lease|user|role) (get|list|timetolive))/,
]

/** What may be asked again, until the answer is the one that was recorded. */
const reads: ReadonlySet<string> = new Set(['KV/Range', 'Lease/LeaseTimeToLive', 'Lease/LeaseLeases'])

/** Which stream a command cannot do without. */
const needs: Readonly<Record<string, string>> = {
  'etcdctl watch': 'Watch/Watch',
  'etcdctl lease keep-alive': 'Lease/LeaseKeepAlive',
  'etcdctl lock': 'Lease/LeaseKeepAlive',
  'etcdctl elect': 'Lease/LeaseKeepAlive',
  'etcdctl snapshot save': 'Maintenance/Snapshot',
}

/** Facts, and what there must be of them. */
const facts: Readonly<Record<string, (replay: Replay) => Promise<Result>>> = {
  'a removed member ends its process': async ({ home }) => {
    await home.removed(4)
    return passed
  },
  'exit code of the server': async ({ home }) => {
    const answer = await home.client(1).call('Maintenance/Status', {})
    if ('error' in Object(answer)) return { outcome: 'failed', why: JSON.stringify(answer) }
    return { outcome: 'passed', unlike: 'etcd 3.5.30 has ended; this server lives' }
  },
  'claims of a token': async () => Promise.resolve({ outcome: 'not yet', feature: 'JWT' }),
  'snapshot trailer is the SHA-256 of the rest': async () =>
    Promise.resolve({ outcome: 'not yet', feature: 'Maintenance/Snapshot' }),
}

/** Asks the questions of one scenario and compares the answers. */
export class Replay {
  readonly home: ReplayHome
  private readonly scenario: Scenario
  private readonly bindings: Bindings
  private readonly folder = mkdtempSync(join(tmpdir(), 'synod-replay-'))
  private follower = 0
  /** A line that would have changed something, had it been there. */
  private missed: string | undefined
  /** An event of a stream that is not there was not waited for; what is asked next may come too early. */
  private early = false

  constructor(scenario: Scenario, home: ReplayHome) {
    this.scenario = scenario
    this.home = home
    this.bindings = new Bindings({ ...home.addresses, $dir: this.folder }, home.count > 1)
  }

  async run(): Promise<Verdict[]> {
    const verdicts: Verdict[] = []
    try {
      for (const line of this.scenario.lines) verdicts.push({ what: nameOf(line), ...(await this.play(line)) })
    } finally {
      rmSync(this.folder, { recursive: true })
    }
    return verdicts
  }

  private async play(line: Line): Promise<Result> {
    const result = lost(await this.result(line))
    if (result.outcome === 'not yet' && !isHarmless(line, result.feature)) this.missed ??= result.feature
    if (result.outcome !== 'failed') return result
    if (this.missed !== undefined) return { outcome: 'not yet', feature: `what comes after ${this.missed}` }
    if (line.level === 'incidental') return { outcome: 'passed', unlike: `incidental: ${result.why}` }
    return result
  }

  private async result(line: Line): Promise<Result> {
    const { op = '', fact } = line
    if (fact !== undefined) return (await facts[fact]?.(this)) ?? { outcome: 'failed', why: `nobody knows "${fact}"` }
    if (op.startsWith('@')) return this.act(line)
    if (op === 'etcdctl') return this.command(line)
    if (op === 'etcdutl') return { outcome: 'passed', unlike: 'incidental: it reads the files of etcd' }
    if (/^(GET|POST) /.test(op)) return this.httpLine(line)
    const number = await this.number(line.member)
    if (op.startsWith('/')) return this.raw(line, number)
    if (line.stream !== undefined || line.repeat !== undefined) return this.special(line, number)
    return this.unary(line, number)
  }

  private async act(line: Line): Promise<Result> {
    if (isNeedless(this.scenario, line)) return passed
    const member = Number(line.member ?? 1)
    switch (line.op ?? '') {
      case '@sleep':
        await sleep(line.ms ?? 0)
        return passed
      case '@start':
        await this.home.start(member)
        return passed
      case '@stop':
        await this.home.stop(member)
        return passed
      case '@restart':
        this.bindings.forget('$term')
        await this.home.restart(member)
        return passed
      default:
        return { outcome: 'failed', why: `nobody knows ${line.op}` }
    }
  }

  /** `$the-leader` and `$a-follower` are whoever is one; the request may mean the follower too. */
  private async number(member: number | string | undefined): Promise<number> {
    if (typeof member !== 'string') return member ?? 1
    const leader = await this.home.leader()
    this.follower = [1, 2, 3].find((one) => one !== leader) ?? 0
    this.bindings.forget('$term')
    return member === '$the-leader' ? leader : this.follower
  }

  // gRPC

  /** What takes a moment (a learner catches up, a leader notices that it is alone) is asked until it has come about. */
  private async unary(line: Line, number: number): Promise<Result> {
    const { note = '', metadata } = line
    const several = this.home.count > 1
    const patient =
      (several && (number === 4 || note.startsWith('repeated until') || metadata !== undefined)) ||
      (this.early && this.missed === undefined && reads.has(line.op ?? ''))
    let result = await this.once(line, number)
    for (let left = patient ? 500 : 0; left > 0 && result.outcome === 'failed'; left--) {
      await sleep(20)
      result = await this.once(line, number)
    }
    return result
  }

  private async once(line: Line, number: number): Promise<Result> {
    const { op = '', metadata = {} } = line
    const request = this.bindings.substitute(this.roles(line.request ?? {}))
    const sent = this.bindings.substitute(metadata) as Record<string, string>
    const answer = inOrder(op, await this.home.client(number).call(op, request, sent))
    if (isUnknown(answer) && !isUnknown(line.response)) return { outcome: 'not yet', feature: op }
    if (line.note?.startsWith('repeated until') === true) {
      return 'error' in Object(answer) ? { outcome: 'failed', why: JSON.stringify(answer) } : passed
    }
    const deviation = deviationOf(this.scenario, line)
    return judge(deviation, this.compare(line, deviation?.answer ?? since36(line.response), answer))
  }

  private roles(request: Json): Json {
    if (this.follower === 0) return request
    const id = this.home.id(this.follower)
    return JSON.parse(JSON.stringify(request).replaceAll(/"\$(a|that)-follower"/g, `"${id}"`)) as Json
  }

  private compare(line: Line, expected: Json | undefined, actual: Json): string[] {
    const fields = unlike[line.op ?? ''] ?? []
    return this.bindings.differences(without(expected, fields), without(actual, fields))
  }

  /** Any path, with an empty message. */
  private async raw(line: Line, number: number): Promise<Result> {
    const answer = await this.home.client(number).raw(line.op ?? '', new Uint8Array())
    const actual = answer instanceof Uint8Array ? {} : answer
    return judge(undefined, this.compare(line, line.response, actual))
  }

  private async special(line: Line, number: number): Promise<Result> {
    const client = this.home.client(number)
    if (line.repeat !== undefined) return repeat(client, line.op ?? '', this.bindings.substitute(line.request ?? {}))
    const answer = await client.raw(pathOf(line.op ?? ''), new Uint8Array())
    const refused = answer instanceof Uint8Array ? undefined : answer.error
    // A learner refuses a stream before it says that it has none.
    const expected = this.bindings.differences(since36(endOf(line)), refused === undefined ? {} : { error: refused })
    if (endOf(line) !== undefined && expected.length === 0) return passed
    if (line.response !== undefined) this.early = true
    if (refused?.code === 12) return { outcome: 'not yet', feature: line.op ?? '' }
    if (this.home.count > 1 && number === 4) return { outcome: 'not yet', feature: line.op ?? '' }
    return { outcome: 'failed', why: `${line.op} is there, and this replay cannot speak to it yet` }
  }

  // HTTP, and commands

  private async httpLine(line: Line): Promise<Result> {
    const url = this.home.clientUrl(await this.number(line.member))
    const outcome = await checkHttp(url, line, this.bindings, (expected, actual) =>
      this.compare(line, expected, actual),
    )
    if ('missing' in outcome) return { outcome: 'not yet', feature: line.op ?? '' }
    return judge(undefined, outcome.differences)
  }

  private async isMissing(op: string): Promise<boolean> {
    const answer = await this.home.client(1).raw(pathOf(op), new Uint8Array())
    return !(answer instanceof Uint8Array) && answer.error.code === 12
  }

  private async command(line: Line): Promise<Result> {
    if (etcdctl === undefined) return { outcome: 'failed', why: 'there is no etcdctl: apt-get install etcd-client' }
    const outcome = await checkCommand(this.home.clientUrl(1), line, this.bindings)
    const feature = commandOf(line)
    if ('missing' in outcome) return { outcome: 'not yet', feature: outcome.missing || feature }
    // A client whose stream is refused says now this, now that.
    const needed = needs[feature]
    const lacking = outcome.differences.length > 0 && needed !== undefined && (await this.isMissing(needed))
    return lacking ? { outcome: 'not yet', feature } : judge(undefined, outcome.differences)
  }
}

function judge(deviation: Deviation | undefined, differences: readonly string[]): Result {
  if (differences.length > 0) return { outcome: 'failed', why: differences.join('; ') }
  return deviation === undefined ? passed : { outcome: 'passed', unlike: deviation.why }
}

/** The command without what it is about. */
function commandOf({ args = [] }: Line): string {
  const words = args.filter((arg) => !arg.startsWith('-'))
  const group = ['lease', 'user', 'role', 'auth', 'snapshot', 'member', 'endpoint', 'alarm'].includes(words[0] ?? '')
  return `etcdctl ${words.slice(0, group ? 2 : 1).join(' ')}`
}

function lost(result: Result): Result {
  if (result.outcome !== 'not yet' || absent.test(result.feature)) return result
  return { outcome: 'failed', why: `${result.feature} is answered as if it were not there` }
}

function nameOf({ op, fact, args, request, note }: Line): string {
  const about = args === undefined ? JSON.stringify(request ?? '').slice(0, 120) : args.join(' ')
  return `${op ?? fact} ${about}${note === undefined ? '' : ` (${note})`}`
}

function isHarmless({ op = '' }: Line, feature: string): boolean {
  return harmless.some((pattern) => pattern.test(op) || pattern.test(feature))
}

/** The answer of whoever has not heard of a method. */
function isUnknown(answer: Json | undefined): boolean {
  const { error } = Object(answer) as { error?: { code?: number } }
  return error?.code === 12
}

function endOf({ end }: Line): Json | undefined {
  return end === undefined ? undefined : { error: end }
}

function pathOf(op: string): string {
  const [service = '', method = ''] = op.split('/')
  const found = services().find(({ name }) => name === service)
  if (found === undefined) throw new Error(`${op} is in no interface file`)
  return `/${found.fullName.slice(1)}/${method}`
}

/** Until it fails, as it must. */
async function repeat(client: EtcdClient, op: string, request: Json): Promise<Result> {
  for (let tries = 0; tries < 100; tries++) if ('error' in Object(await client.call(op, request))) return passed
  return { outcome: 'failed', why: `${op} never failed` }
}

/** Members are listed by their ids, in the transcripts by their names; keys of a lease come in no promised order. */
function inOrder(op: string, answer: Json): Json {
  const { members, keys } = Object(answer) as {
    members?: readonly { readonly name?: string }[]
    keys?: readonly string[]
  }
  if (op === 'Cluster/MemberList' && members !== undefined) {
    return {
      ...Object(answer),
      members: members.toSorted((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)),
    } as Json
  }
  if (op === 'Lease/LeaseTimeToLive' && keys !== undefined) return { ...Object(answer), keys: keys.toSorted() } as Json
  return answer
}

function without(value: Json | undefined, fields: readonly string[]): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)))
}
