import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { exitCodes, UsageError } from './exit.ts'
import { closest } from './suggestions.ts'

/** A setting: a flag, and the same under `SYNOD_…` in the environment. The flag wins. */
export interface Setting {
  readonly flag: string
  readonly argument?: string
  readonly description: string
  readonly fallback?: string | number
  readonly parse?: (text: string) => string | number
  readonly choices?: readonly string[]
  /** It may be given in the environment; not what selects data, which nobody would look for there. Yes by default. */
  readonly environment?: boolean
  /** Known for what it says when it is given; help does not list it. */
  readonly hidden?: boolean
  /** The command makes no sense without it. */
  readonly required?: boolean
}

/** Of the environment's variables, those that are meant for us. */
const prefix = 'SYNOD_'

/** `--listen-client-urls` is `SYNOD_LISTEN_CLIENT_URLS`. */
export function environmentName(flag: string): string {
  return `${prefix}${flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`
}

/** Adds the settings to a command. Each is found in the command's options under its camelCase name. */
export function addSettings(command: Command, settings: readonly Setting[]): Command {
  for (const { flag, argument, description, fallback, parse, choices, environment, required, hidden } of settings) {
    const option = new Option(argument === undefined ? flag : `${flag} <${argument}>`, description)
    if (required === true) option.makeOptionMandatory()
    if (hidden === true) option.hideHelp()
    if (environment !== false) option.env(environmentName(flag))
    if (fallback !== undefined) option.default(fallback)
    if (choices !== undefined) option.choices([...choices])
    if (parse !== undefined) option.argParser(parse)
    command.addOption(option)
  }
  return command
}

/** From the command line it is a yes; from the environment it is a text, and "false" has been taken out before. */
export function isYes(value: boolean | string | undefined): boolean {
  return value !== undefined && value !== false
}

/** A whole number in [least, greatest]. */
export function whole(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > greatest) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${greatest}.`)
    }
    return value
  }
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

/**
 * A misspelt variable must not be silently ignored: a cluster that starts with a default instead of what its operator
 * wrote is worse than one that does not start.
 */
export function checkEnvironment(environment: Readonly<Record<string, string | undefined>>, root: Command): void {
  const options = optionsOf(root)
  const known = new Set(options.flatMap(({ envVar }) => envVar ?? []))
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(prefix) || known.has(name)) continue
    // All begin alike: compared as a whole, every short name would resemble every other.
    const words = new Map([...known].map((one) => [one.slice(prefix.length), one]))
    const meant = words.get(closest(name.slice(prefix.length), words.keys()) ?? '')
    const hint = meant === undefined ? 'see `synod <command> --help` for the known ones' : `did you mean ${meant}?`
    throw new UsageError(`the environment variable ${name} is unknown: ${hint}`)
  }
  for (const option of options) {
    const value = option.envVar === undefined ? undefined : environment[option.envVar]
    if (value === undefined || option.required || option.optional) continue
    // commander takes any value for a yes, "false" too.
    if (['false', '0', ''].includes(value)) delete option.envVar
    else if (!['true', '1'].includes(value))
      throw new UsageError(`${option.envVar} is ${JSON.stringify(value)}: expected true or false`)
  }
}

function optionsOf(command: Command): Option[] {
  return [...command.options, ...command.commands.flatMap(optionsOf)]
}

/** commander's own complaints end with our exit code for them; help and version with 0. */
export function exitCodeOf(commanderCode: number): number {
  return commanderCode === 0 ? exitCodes.ok : exitCodes.usage
}
