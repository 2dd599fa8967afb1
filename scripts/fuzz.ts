/** `npm run fuzz`: attacks every decoder of bytes from outside with edited and with random inputs. */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { targets } from './fuzz/targets.ts'
import type { Order, Report } from './fuzz/worker.ts'

const usage = `Feeds decoders what nobody should send them. None may crash, loop for ever or hold memory without bound.

  npm run fuzz -- [DECODER...] [--minutes N] [--seed S] [--input I]

  DECODER      one or more of these; all of them by default, for the same time each
${Object.entries(targets)
  .map(([name, { about }]) => `    ${name.padEnd(11)}${about}`)
  .join('\n')}
  --minutes N  how long in all, 1 by default; parts of minutes are fine
  --seed S     where the chain of inputs begins; drawn by default, and printed
  --input I    only input I of the seed: replays what was found
`
const hangMs = 30_000
const heapMegabytes = 768
const printedBytes = 2048

/** A command line that cannot be meant. */
class Misused extends Error {}

interface Options {
  readonly names: readonly string[]
  readonly minutes: number
  readonly seed: number
  readonly input: number | undefined
}

function read(words: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string' },
      input: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return undefined
  const unknown = positionals.find((name) => targets[name] === undefined)
  if (unknown !== undefined)
    throw new Misused(`there is no decoder ${unknown}: name one of ${Object.keys(targets).join(', ')}`)
  const number = (name: string, text: string, isFine: (value: number) => boolean): number => {
    const value = Number(text)
    if (text === '' || !isFine(value)) throw new Misused(`--${name} ${text}: that is not a number of this kind`)
    return value
  }
  const isIndex = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31
  const input = values.input === undefined ? undefined : number('input', values.input, isIndex)
  if (input !== undefined && (values.seed === undefined || positionals.length !== 1))
    throw new Misused('--input needs the --seed and the one decoder that it was found with')
  return {
    names: positionals.length > 0 ? positionals : Object.keys(targets),
    minutes: number('minutes', values.minutes, (value) => value > 0 && value < 100_000),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : number('seed', values.seed, isIndex),
    input,
  }
}

type Outcome = Report | { readonly type: 'hung' | 'crashed'; readonly index: number; readonly why: string }

/** Runs one thread to its end, or ends it. */
function attack(order: Omit<Order, 'at'>): Promise<Outcome> {
  const at = new SharedArrayBuffer(4)
  const position = new Int32Array(at)
  const worker = new Worker(new URL('fuzz/worker.ts', import.meta.url), {
    workerData: { ...order, at },
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  })
  return new Promise((resolve) => {
    let before = -1
    const watch = setInterval(() => {
      const index = Atomics.load(position, 0)
      if (index !== before) {
        before = index
        return
      }
      settle({ type: 'hung', index, why: `no end after ${hangMs / 1000} seconds` })
    }, hangMs)
    const settle = (outcome: Outcome): void => {
      clearInterval(watch)
      resolve(outcome)
      void worker.terminate()
    }
    worker.once('message', (report: Report) => settle(report))
    worker.once('error', (error: Error) =>
      settle({ type: 'crashed', index: Atomics.load(position, 0), why: String(error.stack ?? error) }),
    )
  })
}

function describe(name: string, seed: number, outcome: Exclude<Outcome, { type: 'done' }>): string {
  const replay = `npm run fuzz -- ${name} --seed ${seed} --input ${outcome.index}`
  const input = 'input' in outcome ? Buffer.from(outcome.input).toString('hex') : undefined
  const shown = input === undefined ? '' : `input: ${input.slice(0, 2 * printedBytes)}\n`
  return `${name}: input ${outcome.index} of seed ${seed} ${outcome.type}\n${outcome.why}\n${shown}replay: ${replay}\n`
}

async function main(words: string[]): Promise<number> {
  const options = read(words)
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }
  const { names, minutes, seed, input } = options
  process.stdout.write(`seed ${seed}\n`)
  let code = 0
  for (const target of names) {
    const forMs = (minutes * 60_000) / names.length
    const part =
      input === undefined ? { first: 0, count: 2 ** 31 - 1, forMs } : { first: input, count: 1, forMs: 60_000 }
    const outcome = await attack({ target, seed, ...part })
    if (outcome.type === 'done') {
      const size = Math.round(outcome.bytes / Math.max(1, outcome.inputs))
      process.stdout.write(`${target}: ${outcome.inputs} inputs of ${size} bytes on average, nothing found\n`)
    } else {
      process.stdout.write(describe(target, seed, outcome))
      code = 1
    }
  }
  return code
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isOurs = error instanceof Misused || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
  if (!isOurs) throw error
  process.stderr.write(`fuzz: ${(error as Error).message}\n\n${usage}`)
  process.exitCode = 2
}
