import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// The transcripts of testdata/etcd-api: what a real etcd was asked and what it answered. Their README explains the form.

/** One line of a scenario. */
export interface Line {
  readonly op?: string
  readonly request?: Json
  readonly response?: Json
  /** Counted from 1; or a role. */
  readonly member?: number | string
  readonly metadata?: Readonly<Record<string, string>>
  readonly stream?: string
  /** The status with which the server ends a stream. */
  readonly end?: { readonly code: number; readonly message: string }
  readonly repeat?: string
  readonly level?: 'incidental' | 'defect'
  readonly note?: string
  readonly fact?: string
  readonly ms?: number
  readonly args?: readonly string[]
  readonly stdin?: string
  readonly code?: number
  readonly stdout?: string
  readonly stderr?: string
  readonly background?: boolean
  /** Of HTTP. */
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
  readonly contentType?: string
}

export interface Scenario {
  readonly scenario: string
  readonly members: number
  readonly flags?: readonly string[]
  readonly lines: readonly Line[]
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Every file of transcripts, by its name without the ending. */
export const transcripts = [
  'kv',
  'txn',
  'compaction',
  'limits',
  'lease',
  'watch',
  'auth',
  'cluster',
  'lock-election',
  'clients',
  'gateway',
  'cli',
] as const

const folder = join(import.meta.dirname, '../../testdata/etcd-api')

/** The scenarios of one file, in order. */
export function scenarios(file: string): Scenario[] {
  const found: (Omit<Scenario, 'lines'> & { lines: Line[] })[] = []
  for (const text of readFileSync(join(folder, `${file}.jsonl`), 'utf8').split('\n')) {
    if (text === '') continue
    const line = JSON.parse(text) as Line & { scenario?: string; members?: number; flags?: string[] }
    if (line.scenario !== undefined) {
      const { scenario, members = 1, flags } = line
      found.push({ scenario, members, lines: [], ...(flags === undefined ? {} : { flags }) })
    } else found.at(-1)?.lines.push(line)
  }
  return found
}

/** What the placeholders of one scenario stand for, as far as is known. */
export class Bindings {
  private readonly values = new Map<string, string>()
  private readonly elections: boolean

  /** `elections`: the leader may change at any time, and the term grows with it. */
  constructor(known: Readonly<Record<string, string>> = {}, elections = false) {
    this.elections = elections
    for (const [name, value] of Object.entries(known)) this.values.set(name, value)
  }

  /** It stands for this from here on. */
  set(placeholder: string, value: string): void {
    this.values.set(placeholder, value)
  }

  /** It may stand for something else from here on. */
  forget(placeholder: string): void {
    this.values.delete(placeholder)
  }

  /** A request with its placeholders replaced by what they stand for. */
  substitute(value: Json): Json {
    if (typeof value === 'string') return this.expand(value)
    if (isList(value)) return value.map((one) => this.substitute(one))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.substitute(inner)]))
  }

  private expand(text: string): Json {
    const sized = /^\$bytes:(\d+)$/.exec(text)
    if (sized !== null) return Buffer.alloc(Number(sized[1]), 'v').toString('base64')
    const repeated = /^\$repeat:(\d+):(.*)$/s.exec(text)
    if (repeated !== null) {
      return Array.from({ length: Number(repeated[1]) }, (_, i) =>
        plainKeys(JSON.parse(repeated[2]?.replaceAll('<i>', String(i)) ?? '') as Json),
      )
    }
    return this.expandText(text)
  }

  /** Text with what is known put in the place of its placeholders. */
  expandText(text: string): string {
    return text.replaceAll(/\$[A-Za-z]+\d*/g, (placeholder) => this.values.get(placeholder) ?? placeholder)
  }

  /** Of texts with placeholders in them; numbers may have lost their quotes. */
  textDifferences(expected: string, actual: string, at: string): string[] {
    if (expected === '$any') return []
    const met: { readonly name: string; readonly hex: boolean }[] = []
    const pattern = expected
      .split(embedded)
      .map((part, i) => (i % 2 === 0 ? literally(part) : this.patternOf(part, met)))
      .join('')
    const match = new RegExp(`^${pattern}$`).exec(actual)
    if (match === null) return [`${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`]
    for (const [i, { name, hex }] of met.entries()) {
      const value = match[i + 1] ?? ''
      this.values.set(name, hex ? String(BigInt(`0x${value}`)) : value)
    }
    return []
  }

  private patternOf(placeholder: string, met: { readonly name: string; readonly hex: boolean }[]): string {
    const quotes = placeholder.startsWith('"') ? '"?' : ''
    const hex = placeholder.includes('(hex)')
    const name = placeholder.replaceAll(/"|\(hex\)/g, '')
    const known = this.values.get(name)
    const again = met.findIndex((one) => one.name === name)
    if (name === '$any' || name === '$hash') return `${quotes}[^\n]*?${quotes}`
    if (name === '$version') return '[\\w.+-]+'
    if (known !== undefined) return `${quotes}${hex ? `0*${BigInt(known).toString(16)}` : literally(known)}${quotes}`
    if (again >= 0) return `${quotes}\\${again + 1}${quotes}`
    met.push({ name, hex })
    return `${quotes}(${hex ? '[0-9a-f]+' : '[^\\s",]+'})${quotes}`
  }

  /** Where `actual` is not what was expected; nothing where it is. Binds placeholders that are met for the first time. */
  differences(expected: Json | undefined, actual: Json | undefined, at = ''): string[] {
    if (expected === '$any') return []
    if (typeof expected === 'string' && expected.startsWith('$'))
      return this.matches(expected, actual) ? [] : [`${at}: ${JSON.stringify(actual)} is no ${expected}`]
    if (typeof expected === 'string' && typeof actual === 'string' && expected.includes('$member'))
      return this.textDifferences(expected, actual, at)
    if (isList(expected) && isList(actual)) {
      const lengths =
        expected.length === actual.length ? [] : [`${at}: ${actual.length} elements instead of ${expected.length}`]
      return [...lengths, ...expected.flatMap((one, i) => this.differences(one, actual[i], `${at}[${i}]`))]
    }
    if (isRecord(expected) && isRecord(actual)) {
      const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
      return [...names].flatMap((name) => this.differences(expected[name], actual[name], `${at}.${name}`))
    }
    return expected === actual ? [] : [`${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`]
  }

  private matches(placeholder: string, actual: Json | undefined): boolean {
    if (actual === undefined) return false
    const elements = /^\$array:(\d+)$/.exec(placeholder)
    if (elements !== null) return isList(actual) && actual.length === Number(elements[1])
    const between = /^\$range:(\d+):(\d+)$/.exec(placeholder)
    if (between !== null) return Number(actual) >= Number(between[1]) && Number(actual) <= Number(between[2])
    if (placeholder.startsWith('$any') || ['$version', '$clusterVersion'].includes(placeholder)) return true
    const known = this.values.get(placeholder)
    const value = typeof actual === 'string' ? actual : JSON.stringify(actual)
    const elected = this.elections && placeholder === '$term' && Number(value) > Number(known)
    if (known === undefined || elected) this.values.set(placeholder, value)
    return known === undefined || elected || known === value
  }
}

const embedded = /("?\$[A-Za-z]+\d*(?:\(hex\))?"?)/

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

/** Keys and values inside `$repeat` are plain text. */
function plainKeys(value: Json): Json {
  if (isList(value)) return value.map(plainKeys)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      typeof inner === 'string' && (name === 'key' || name === 'value')
        ? Buffer.from(inner).toString('base64')
        : plainKeys(inner),
    ]),
  )
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
