import { existsSync, realpathSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { check, draw, explain, MalformedHistory, modelOf, parseHistories, verdictText } from 'synod/history'
import type { Explanation, History, Limits, Model, Verdict } from 'synod/history'
import type { Picture } from '../picture/page.ts'
import { checkPage } from './check-page.ts'
import { CommandError, exitCodes, messageOf, UsageError } from './exit.ts'
import { readStandardInput, readText } from './input.ts'
import { printJson, printLine, reader } from './output.ts'
import { checkWritable } from './place.ts'
import { quoted } from './shell.ts'

export interface CheckOptions {
  readonly model?: string
  /** In seconds. */
  readonly timeout?: number
  /** In MB, of the search. */
  readonly maxMemory?: number
  readonly html?: string
  readonly json?: boolean
}

/** What `synod check` answers: unlike other commands, and as other checkers do. */
const codes = { linearizable: exitCodes.ok, 'not-linearizable': exitCodes.failed, unknown: exitCodes.usage } as const

/**
 * Judges the histories of a file; `-` is standard input. What is no verdict never looks like one: a bug of ours, too,
 * ends with 2 where another command would end with 1.
 */
export async function checkFile(file: string, options: CheckOptions): Promise<number> {
  // The exit code is the answer, whether or not anybody reads the rest.
  reader.needed = false
  try {
    return await judgeFile(file, options)
  } catch (error) {
    if (error instanceof CommandError) throw error
    const said = error instanceof Error ? error.stack : undefined
    throw new UsageError(`there is no verdict on ${file}: ${said ?? String(error)}`, { cause: error })
  }
}

async function judgeFile(file: string, options: CheckOptions): Promise<number> {
  if (options.html !== undefined) checkPlace(options.html, file)
  const name = file === '-' ? 'standard input' : basename(file)
  const histories = read(file === '-' ? await readStandardInput() : readText(file), file)
  const judged = histories.map((history) => judge(history, name, options, file))
  for (const one of judged) {
    if (options.json === true) printJson(asJson(one, file))
    else printLine(histories.length === 1 ? one.text : `${one.heading}\n${one.text}\n`)
  }
  if (options.html !== undefined) writePage(options.html, name, judged)
  else if (options.json !== true && judged.some(({ verdict }) => verdict.outcome === 'not-linearizable'))
    printLine(`\n${pictureHint(file, options)}`)
  const outcomes = new Set(judged.map(({ verdict }) => verdict.outcome))
  return codes[(['not-linearizable', 'unknown'] as const).find((one) => outcomes.has(one)) ?? 'linearizable']
}

/** Throws `UsageError`: whether the picture can be written is found out before a search that may take minutes. */
function checkPlace(html: string, file: string): void {
  checkWritable(html)
  if (file === '-' || !existsSync(html) || !existsSync(file) || realpathSync(html) !== realpathSync(file)) return
  throw new UsageError(`--html ${html} is the history itself: name another file`)
}

/** What was read from standard input is gone. */
function pictureHint(file: string, { model }: CheckOptions): string {
  if (file === '-') return 'With --html history.html, the same command also writes an interactive picture of it.'
  const judgedBy = model === undefined ? '' : `--model ${quoted(model)} `
  return `An interactive picture of it: npx synod check ${quoted(file)} ${judgedBy}--html history.html`
}

interface Judged extends Picture {
  readonly verdict: Verdict
  readonly explanation: Explanation | undefined
  readonly name: string | undefined
  readonly model: string
  readonly milliseconds: number
}

function judge(history: History, file: string, options: CheckOptions, path: string): Judged {
  const model = readable(path, () => modelOf(history, options.model))
  const began = performance.now()
  const verdict = readable(path, () => check(history, model, limitsOf(options)))
  const milliseconds = performance.now() - began
  const explanation = verdict.outcome === 'not-linearizable' ? explain(verdict, model, limitsOf(options)) : undefined
  const sign = { linearizable: '✓', 'not-linearizable': '✗', unknown: '?' }[verdict.outcome]
  return {
    heading: `${sign} ${history.name ?? file}, by the model ${model.name}`,
    text: verdictText(verdict, model, explanation),
    outcome: verdict.outcome,
    drawing: pictureOf(history, model, verdict, explanation, options),
    verdict,
    explanation,
    name: history.name,
    model: model.name,
    milliseconds,
  }
}

/** Only who asks for a picture pays for it. */
function pictureOf(
  history: History,
  model: Model<unknown, unknown, unknown>,
  verdict: Verdict,
  explanation: Explanation | undefined,
  options: CheckOptions,
): Picture['drawing'] {
  if (options.html === undefined) return { lanes: [], calls: [], partials: [], states: [], operations: 0 }
  return draw(history, model, verdict, explanation, limitsOf(options))
}

function limitsOf({ timeout, maxMemory }: CheckOptions): Limits {
  return {
    ...(timeout === undefined ? {} : { milliseconds: timeout * 1000, clock: () => performance.now() }),
    ...(maxMemory === undefined ? {} : { bytes: maxMemory * 1_000_000 }),
  }
}

function read(content: string, file: string): readonly History[] {
  return readable(file, () => parseHistories(content))
}

/** What is wrong with a history is its author's to know, without a stack. */
function readable<T>(file: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof MalformedHistory)) throw error
    throw new UsageError(`${file}: ${error.message}`)
  }
}

function asJson({ verdict, explanation, name, model, milliseconds }: Judged, file: string): object {
  const { outcome, steps, bytes, partitions, operations } = verdict
  return {
    file,
    ...(name === undefined ? {} : { name }),
    model,
    outcome,
    ...(verdict.outcome === 'unknown' ? { limit: verdict.limit, unfinished: verdict.unfinished } : {}),
    ...explanation,
    operations,
    partitions,
    steps,
    bytes,
    milliseconds: Math.round(milliseconds),
  }
}

/** The verdict stands, and so does its exit code, when it cannot be drawn. */
function writePage(path: string, name: string, judged: readonly Judged[]): void {
  const pictures = judged.map(({ heading, text, outcome, drawing }) => ({ heading, text, outcome, drawing }))
  try {
    writeFileSync(path, checkPage(name, pictures))
  } catch (error) {
    process.stderr.write(`synod: the picture cannot be written to ${path}: ${messageOf(error)}\n`)
  }
}
