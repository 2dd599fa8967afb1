import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { committedIndex, tally, type Electorate, type VoteResult } from '../../core/index.ts'

// Goal: quorum arithmetic agrees with etcd's, case by case (testdata/etcd-raft, Apache-2.0, unchanged).
// Method: its data-driven files, each case also with the two halves exchanged; and definitions that are slow and plain.
const folder = new URL('../../../testdata/etcd-raft/quorum/', import.meta.url)

interface Case extends Electorate {
  readonly line: string
  readonly verb: string
  readonly values: Readonly<Record<string, string>>
  readonly answer: string
}

/** A directive, `----`, and lines of which the last one is the answer. */
function casesOf(file: string): Case[] {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n')
  const cases: Case[] = []
  for (const [at, line] of lines.entries()) {
    if (line !== '----') continue
    const directive = lines[at - 1] ?? ''
    const end = lines.findIndex((other, i) => i > at && other === '')
    const list = (name: string): string[] => {
      const inside = new RegExp(`${name}=\\(([^)]*)\\)`).exec(directive)?.[1] ?? ''
      return inside === '' ? [] : inside.split(',').map((word) => word.trim())
    }
    const [voters, outgoing] = [list('cfg'), list('cfgj')]
    const everybody = [...new Set([...voters, ...outgoing])]
    const values = list(directive.startsWith('vote') ? 'votes' : 'idx')
    cases.push({
      line: directive,
      verb: directive.split(' ')[0] ?? '',
      voters,
      outgoing,
      values: Object.fromEntries(
        everybody.flatMap((voter, i) => ((values[i] ?? '_') === '_' ? [] : [[voter, values[i] ?? '']])),
      ),
      answer: lines[(end < 0 ? lines.length : end) - 1]?.replace('<empty majority quorum>', '').trim() ?? '',
    })
  }
  return cases
}

const answers: Record<string, VoteResult> = { VoteWon: 'won', VotePending: 'pending', VoteLost: 'lost' }

function answer({ verb, values }: Case, electorate: Electorate): string {
  if (verb === 'committed') {
    return `${committedIndex(electorate, (voter) => (voter in values ? Number(values[voter]) : undefined))}`
  }
  return tally(electorate, Object.fromEntries(Object.entries(values).map(([voter, value]) => [voter, value === 'y'])))
}

const files = ['majority_vote.txt', 'majority_commit.txt', 'joint_vote.txt', 'joint_commit.txt']

describe.each(files)('%s', (file) => {
  test.each(casesOf(file).map((one) => [one.line, one] as const))('%s', (_, one) => {
    const expected = answers[one.answer] ?? one.answer.replace('∞', 'Infinity')
    const { voters, outgoing } = one
    expect(answer(one, { voters, outgoing })).toBe(expected)
    // Neither half comes before the other.
    expect(answer(one, { voters: outgoing, outgoing: voters })).toBe(expected)
  })
})

test('etcd has 127 cases', () => {
  expect(files.flatMap(casesOf)).toHaveLength(127)
})

// The same by definition, as slowly as can be: all ways in which the silent ones may vote, and one index after the other.
const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 5 })
const electorates = fc.record({ voters: ids, outgoing: ids })
const isMore = (part: number, of: readonly string[]): boolean => of.length === 0 || part * 2 > of.length

function outcomes({ voters, outgoing }: Electorate, votes: Readonly<Record<string, boolean>>): Set<boolean> {
  const silent = [...new Set([...voters, ...outgoing])].filter((id) => votes[id] === undefined)
  const won = new Set<boolean>()
  for (let way = 0; way < 2 ** silent.length; way++) {
    const all = { ...votes, ...Object.fromEntries(silent.map((id, i) => [id, ((way >> i) & 1) === 1])) }
    won.add([voters, outgoing].every((half) => isMore(half.filter((id) => all[id] === true).length, half)))
  }
  return won
}

test('an election is won or lost when nobody who is silent can change it, and pending otherwise', () => {
  const votes = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.boolean())
  fc.assert(
    fc.property(electorates, votes, (electorate, cast) => {
      const possible = outcomes(electorate, cast)
      const expected = possible.size === 2 ? 'pending' : possible.has(true) ? 'won' : 'lost'
      expect(tally(electorate, cast)).toBe(expected)
    }),
    { numRuns: 3000 },
  )
})

test('the committed index is the highest that more than half of each half has reached', () => {
  const reached = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(12))
  fc.assert(
    fc.property(electorates, reached, (electorate, indexes) => {
      const { voters, outgoing } = electorate
      const isCommitted = (index: number): boolean =>
        [voters, outgoing].every((half) => isMore(half.filter((id) => (indexes[id] ?? 0) >= index).length, half))
      let expected = voters.length + outgoing.length === 0 ? Infinity : 0
      while (expected < 12 && isCommitted(expected + 1)) expected++
      expect(committedIndex(electorate, (id) => indexes[id])).toBe(expected)
    }),
    { numRuns: 3000 },
  )
})
