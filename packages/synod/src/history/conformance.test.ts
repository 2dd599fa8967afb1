import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { check, IncrementalChecker, modelOf, parseHistories, parseHistory } from './index.ts'
import type { History } from './index.ts'

// Goal: histories whose verdicts others have published are judged as they say, by both ways of checking, and within the
// steps that were planned. Method: 102 logs of a compare-and-set register (Jepsen against etcd 2.0), 6 histories of keys
// with append (1, 10 and 50 clients) and 9 small cases, all from Porcupine's tests; steps are counted, not seconds.

const folder = join(import.meta.dirname, '../../testdata/histories')

interface Expected {
  readonly name: string
  readonly history: History
  readonly verdict: string
}

function read(...path: string[]): string {
  return readFileSync(join(folder, ...path), 'utf8')
}

const jepsen: Expected[] = read('jepsen-etcd', 'expected.tsv')
  .split('\n')
  .flatMap((line) => {
    const [name = '', verdict = ''] = line.split('\t')
    return name.endsWith('.log') ? [{ name, history: parseHistory(read('jepsen-etcd', name)), verdict }] : []
  })

const keyValues: Expected[] = readdirSync(join(folder, 'porcupine-kv'))
  .filter((name) => name.endsWith('.txt'))
  .map((name) => {
    const verdict = name.endsWith('-ok.txt') ? 'linearizable' : 'not-linearizable'
    return { name, history: parseHistory(read('porcupine-kv', name)), verdict }
  })

const answers = JSON.parse(read('porcupine-cases', 'cases.json')) as { name: string; linearizable: boolean }[]
const cases: Expected[] = parseHistories(read('porcupine-cases', 'cases.json')).map((history, i) => ({
  name: history.name ?? '',
  history,
  verdict: answers[i]?.linearizable === true ? 'linearizable' : 'not-linearizable',
}))

const all = [...jepsen, ...keyValues, ...cases]

test('all 102 + 6 + 9 histories are there', () => {
  expect([jepsen.length, keyValues.length, cases.length]).toEqual([102, 6, 9])
  expect(jepsen.filter(({ verdict }) => verdict === 'linearizable')).toHaveLength(23)
})

describe('the search judges', () => {
  test.each(all)('$name: $verdict', ({ history, verdict }) => {
    expect(check(history, modelOf(history)).outcome).toBe(verdict)
  })

  test('all of them in at most five million steps, and c50-bad in at most 100,000', () => {
    const steps = all.map(({ history }) => check(history, modelOf(history)).steps)
    expect(steps.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(5_000_000)
    const bad = keyValues.find(({ name }) => name === 'c50-bad.txt')
    expect(bad && check(bad.history, modelOf(bad.history)).steps).toBeLessThanOrEqual(100_000)
  })
})

describe('the incremental checker agrees', () => {
  // Fifty clients that append to the same keys have more configurations than are worth keeping: the bound is hit.
  const bounded = new Set(['c50-ok.txt', 'c50-bad.txt'])

  test.each(all.filter(({ name }) => !bounded.has(name)))('on $name: $verdict', ({ history, verdict }) => {
    const checker = new IncrementalChecker(modelOf(history))
    for (const event of history.events) checker.feed(event)
    expect(checker.verdict).toBe(verdict)
  })

  test.each(all.filter(({ name }) => bounded.has(name)))('on $name, or says that its bound was hit', (one) => {
    const checker = new IncrementalChecker(modelOf(one.history), 1000)
    for (const event of one.history.events) checker.feed(event)
    expect([one.verdict, 'unknown']).toContain(checker.verdict)
  })

  test('after each event of the small cases', () => {
    for (const { history } of cases) {
      const checker = new IncrementalChecker(modelOf(history))
      for (const [i, event] of history.events.entries()) {
        const sofar = { ...history, events: history.events.slice(0, i + 1) }
        expect(checker.feed(event), `${history.name ?? ''}, event ${i + 1}`).toBe(
          check(sofar, modelOf(history)).outcome,
        )
      }
    }
  })

  test('after each event of a history that goes wrong', () => {
    const { history } = jepsen.find(({ name }) => name === 'etcd_000.log') ?? { history: cases[0]?.history as History }
    const checker = new IncrementalChecker(modelOf(history))
    for (const [i, event] of history.events.entries()) {
      const sofar = { ...history, events: history.events.slice(0, i + 1) }
      expect(checker.feed(event), `event ${i + 1}`).toBe(check(sofar, modelOf(history)).outcome)
    }
  })
})
