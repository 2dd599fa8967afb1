import type { Call } from './calls.ts'
import type { Verdict } from './check.ts'
import type { Explanation } from './explain.ts'
import type { Model } from './model.ts'

/** The verdict in words, in lines. */
export function verdictText<Operation, Result, State>(
  verdict: Verdict<Operation, Result>,
  model: Model<Operation, Result, State>,
  explanation?: Explanation<Operation, Result>,
): string {
  const { operations, partitions, steps } = verdict
  const parts = partitions === 1 ? '' : ` in ${partitions} partitions`
  const cost = `${count(operations, 'operation')}${parts}, ${count(steps, 'step')}`
  switch (verdict.outcome) {
    case 'linearizable':
      return `linearizable: ${cost}`
    case 'unknown':
      return [
        `unknown: the limit of ${verdict.limit} was reached: ${cost}`,
        `not finished: ${shortList(verdict.unfinished.map(partitionName))}`,
      ].join('\n')
    case 'not-linearizable': {
      const head = `not linearizable: ${cost}`
      return explanation === undefined ? head : `${head}\n\n${explanationText(explanation, model)}`
    }
  }
}

function explanationText<Operation, Result, State>(
  { partition, blocked, window, before, possible, others, proof }: Explanation<Operation, Result>,
  model: Model<Operation, Result, State>,
): string {
  const where = partition === '' ? '' : ` in partition ${JSON.stringify(partition)}`
  const lines = [
    `No order explains ${model.describe(blocked.operation, blocked.result)} of client ${clientName(blocked.client)}${where}:`,
    '',
    ...callTable(window, blocked, model),
    '',
    `Before that the state could be: ${shortList(before)}`,
  ]
  if (possible.length > 0 && possible.join() !== before.join())
    lines.push(`When the answer came it could be: ${shortList(possible)}`)
  if (others > 0)
    lines.push(`${count(others, 'operation')} invoked by then: summed up in these states, or of no influence.`)
  if (proof.length > window.length)
    lines.push(
      '',
      'How it came about, from the beginning, whether or not any other happened:',
      '',
      ...callTable(proof, blocked, model),
    )
  return lines.join('\n')
}

/** So many rows of a table are worth reading. */
const rowsMax = 50

/** Times as they were recorded, and a cross before what cannot be placed; of many, the last. */
function callTable<Operation, Result, State>(
  calls: readonly Call<Operation, Result>[],
  blocked: Call<Operation, Result>,
  model: Model<Operation, Result, State>,
): string[] {
  const hidden = calls.length - rowsMax
  const rows = calls
    .slice(-rowsMax)
    .map((call) => [
      call.client === blocked.client && call.invoked === blocked.invoked ? '✗' : '',
      `${call.invoked}`,
      `${call.returned}`,
      clientName(call.client),
      model.describe(call.operation, call.result),
    ])
  const table = columns([['', 'from', 'to', 'client', 'operation'], ...rows])
  if (hidden > 0) table.splice(1, 0, `… ${count(hidden, 'operation')} before these`)
  return table.map((line) => `  ${line}`)
}

/** A terminal obeys what some characters say. */
function clientName(client: string): string {
  return /^[\w.:@/-]+$/.test(client) ? client : JSON.stringify(client)
}

function partitionName(name: string): string {
  return name === '' ? 'the whole history' : JSON.stringify(name)
}

/** At most six, and how many more there are. */
function shortList(texts: readonly string[]): string {
  const shown = texts.slice(0, 6)
  if (texts.length > shown.length) shown.push(`${texts.length - shown.length} more`)
  return shown.join(', ')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
