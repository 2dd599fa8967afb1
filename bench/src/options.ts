import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The command line is at fault; the message says what is wrong with it. */
export class WrongOption extends Error {
  override readonly name = 'WrongOption'
}

/** A program with options. */
export interface Program<Chosen> {
  /** As it names itself in front of a complaint. */
  readonly name: string
  readonly usage: string
  /** Throws `WrongOption`. */
  read(args: string[]): Chosen
  /** Answers the exit code. */
  run(chosen: Chosen): Promise<number>
}

/** Answers the exit code: 0 after the usage that was asked for, 2 after what is wrong and the usage, and otherwise the program's own. */
export async function runProgram<Chosen>(program: Program<Chosen>, args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(program.usage)
    return 0
  }
  let chosen
  try {
    chosen = program.read(args)
  } catch (error) {
    if (!(error instanceof WrongOption)) throw error
    process.stderr.write(`${program.name}: ${error.message}\n\n${program.usage}`)
    return 2
  }
  return program.run(chosen)
}

/** The options' values, as text. Throws `WrongOption` for one that there is none of, or that lacks its value. */
export function readOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    if (error instanceof TypeError) throw new WrongOption(error.message, { cause: error })
    throw error
  }
}

/** Throws `WrongOption` for anything but a number above 0. */
export function positive(option: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new WrongOption(`${option} is ${text}: expected a number above 0`)
  return number
}

/** Throws `WrongOption` for anything but a whole number above 0. */
export function wholeNumber(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new WrongOption(`${option} is ${text}: expected a whole number above 0`)
  return number
}
