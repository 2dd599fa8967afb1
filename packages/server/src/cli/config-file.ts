import type { Command, Option } from 'commander'
import { InvalidArgumentError } from 'commander'
import { parseDocument } from 'yaml'
import { messageOf, UsageError } from './exit.ts'
import { readText } from './input.ts'
import { closest } from './suggestions.ts'

/** Sections of etcd's files, and what the flags of the settings in them begin with. */
const sections: Readonly<Record<string, string>> = {
  'client-transport-security': '',
  'peer-transport-security': 'peer-',
}

/** Names that stand for nothing of a member, such as the file itself. */
const neverInFiles: ReadonlySet<string> = new Set(['config-file', 'help'])

/**
 * Takes settings from a file of YAML, or of JSON, which is YAML too. They have the names of the flags without their
 * dashes; what the command line or the environment says wins. Throws a `UsageError` that says where the file is wrong: a key
 * that is unknown is never passed over, since a member that starts with a default instead is worse than one that does not.
 */
export function applyConfigFile(command: Command, file: string): void {
  const options = new Map(
    command.options.flatMap((option) => (option.long === undefined ? [] : [[nameOf(option), option] as const])),
  )
  for (const name of neverInFiles) options.delete(name)
  for (const [name, text] of entries(parse(file), file)) {
    const option = options.get(name)
    if (option === undefined) throw unknownKey(file, name, options)
    const key = option.attributeName()
    const source = command.getOptionValueSource(key)
    const value = valueOf(option, text, file, name)
    if (source === undefined || source === 'default') command.setOptionValueWithSource(key, value, 'config')
  }
}

function nameOf(option: Option): string {
  return (option.long ?? '').slice('--'.length)
}

/** Every value as it is written: a token such as 12e3 is no number, and stays what it is. */
function parse(file: string): unknown {
  const document = parseDocument(readText(file), { schema: 'failsafe', prettyErrors: true })
  const [error] = document.errors
  if (error !== undefined) throw new UsageError(`--config-file ${file}: ${error.message.trim()}`)
  try {
    return document.toJS()
  } catch (cause) {
    throw new UsageError(`--config-file ${file}: ${messageOf(cause)}`, { cause })
  }
}

function* entries(value: unknown, file: string): Iterable<readonly [string, string]> {
  // An empty file says nothing.
  if (value === null || value === undefined || value === '') return
  for (const [name, one] of pairs(value, file, 'the file')) {
    const begin = Object.hasOwn(sections, name) ? sections[name] : undefined
    if (begin === undefined) yield [name, asText(one, file, name)]
    else
      for (const [inner, text] of pairs(one, file, name)) yield [begin + inner, asText(text, file, `${name}.${inner}`)]
  }
}

function pairs(value: unknown, file: string, what: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  throw new UsageError(`--config-file ${file}: ${what}: expected settings, one a line, such as name: a`)
}

/** A list is what separates its parts by commas on the command line. */
function asText(value: unknown, file: string, name: string): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(',')
  throw new UsageError(`--config-file ${file}: ${name}: expected a value, or a list of values`)
}

function valueOf(option: Option, text: string, file: string, name: string): unknown {
  const where = `--config-file ${file}: ${name}: ${JSON.stringify(text)}`
  if (!option.required && !option.optional) {
    if (text !== 'true' && text !== 'false') throw new UsageError(`${where}: expected true or false`)
    return text === 'true'
  }
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, undefined)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(`${where}: ${error.message}`)
    throw error
  }
}

function unknownKey(file: string, name: string, options: ReadonlyMap<string, Option>): UsageError {
  const visible = [...options].filter(([, { hidden }]) => !hidden).map(([known]) => known)
  const meant = closest(name, visible)
  const hint =
    meant === undefined ? 'the names are those of the flags: see `synod start --help`' : `did you mean ${meant}?`
  return new UsageError(`--config-file ${file}: ${name} is unknown: ${hint}`)
}
