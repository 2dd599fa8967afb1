import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { detectors, logEngines, onceDeciding } from './contenders.ts'
import { tableOf, valueOf, type Row } from './page.ts'

// docs/protocols.md says what each protocol costs when nothing goes wrong, in closed forms. Each of them is held against what is
// counted in a simulated world, for every size up to this one; what the page has in numbers is one of those sizes.

const largest = 7
const page = readFileSync(join(import.meta.dirname, '../../../docs/protocols.md'), 'utf8')
const sizes = Array.from({ length: largest - 1 }, (_, i) => i + 2)

function cell(row: Row, column: string): string {
  const text = row[column]
  if (text === undefined) throw new Error(`there is no column ${column}`)
  return text
}

/** What a column says for each size, by its formula. */
function said(row: Row, column: string): number[] {
  return sizes.map((n) => valueOf(cell(row, column), n))
}

/** The sizes for which the page has numbers, and these. */
function numbers(row: Row): (readonly [n: number, value: number])[] {
  return Object.entries(row).flatMap(([column, text]) => {
    const [, n] = /^n = (\d+)$/.exec(column) ?? []
    return n === undefined ? [] : [[Number(n), Number(text)] as const]
  })
}

describe('one decision', () => {
  const rows = tableOf(page, 'One decision')

  test('each protocol that decides once has its row', () => {
    expect([...rows.keys()]).toEqual(Object.keys(onceDeciding))
  })

  test.each(Object.entries(onceDeciding))('%s costs what the page says', (name, { cost }) => {
    const row = rows.get(name) ?? {}
    const costs = sizes.map((n) => cost(n))
    expect(costs.map(({ messages }) => messages)).toEqual(said(row, 'messages'))
    expect(costs.map(({ asked }) => asked.delays)).toEqual(said(row, 'delays'))
    expect(costs.map(({ all }) => all.delays)).toEqual(said(row, 'until all know'))
    expect(costs.map(({ all }) => all.syncs)).toEqual(said(row, 'syncs'))
    expect(numbers(row)).toEqual(numbers(row).map(([n]) => [n, cost(n).messages]))
    expect(numbers(row)).not.toEqual([])
  })
})

describe('a log', () => {
  const rows = tableOf(page, 'A log')

  test.each(Object.entries(logEngines))('%s costs what the page says', (_, { costs }) => {
    const measured = sizes.map((n) => costs(n))
    expect([...rows.keys()]).toEqual(Object.keys(measured[0] ?? {}))
    for (const [what, row] of rows) {
      const those = measured.flatMap((one) => one[what] ?? [])
      expect(those.map(({ messages }) => messages)).toEqual(said(row, 'messages'))
      expect(those.map(({ steps }) => steps.delays)).toEqual(said(row, 'delays'))
      expect(those.map(({ steps }) => steps.syncs)).toEqual(said(row, 'syncs'))
      expect(numbers(row)).toEqual(numbers(row).map(([n]) => [n, costs(n)[what]?.messages]))
    }
  })
})

describe('failure detectors', () => {
  const rows = tableOf(page, 'Failure detectors')

  test('each of them has its row', () => {
    expect([...rows.keys()]).toEqual(Object.keys(detectors))
  })

  test.each(Object.entries(detectors))('%s says as much as the page says', (name, messages) => {
    const row = rows.get(name) ?? {}
    expect(sizes.map((n) => messages(n))).toEqual(said(row, 'messages an interval'))
    expect(numbers(row)).toEqual(numbers(row).map(([n]) => [n, messages(n)]))
  })
})

describe('who may be missing', () => {
  const rows = tableOf(page, 'Who may fail')

  test.each(Object.entries({ ...onceDeciding, ...logEngines }))(
    '%s decides without as many as the page says, and not without one more',
    (name, { decidesWithout }) => {
      const row = rows.get(name) ?? rows.get(name.split(',')[0] ?? '') ?? {}
      for (const n of sizes) {
        const survived = valueOf(cell(row, 'f'), n)
        expect([n, decidesWithout(n, survived)]).toEqual([n, true])
        if (survived + 1 < n) expect([n, decidesWithout(n, survived + 1)]).toEqual([n, false])
      }
    },
  )
})

test('a formula means what it means on paper', () => {
  const formulas = ['3n(n − 1)', 'n²(n − 1)', '(n − 1)(n + 3)', '5(n − 1) + 1', '⌊(n − 1)/2⌋', '2n', '12']
  expect(formulas.map((formula) => valueOf(formula, 4))).toEqual([36, 48, 21, 16, 1, 8, 12])
  expect(() => valueOf('n − x', 4)).toThrow('n − x: what is x?')
  expect(() => valueOf('n)', 4)).toThrow('n): what is )?')
})
