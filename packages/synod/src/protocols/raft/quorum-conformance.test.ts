import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { committedIndex, tally, type VoteResult } from '../../core/index.ts'

// Goal: quorum arithmetic agrees with etcd's, case by case (testdata/etcd-raft, Apache-2.0, unchanged).
// Method: its data-driven files; a joint quorum is both majorities, which is what joint consensus will ask for (Ongaro §4.3).
const folder = new URL('../../../testdata/etcd-raft/quorum/', import.meta.url)

interface Case {
  readonly line: string
  readonly verb: string
  readonly groups: readonly (readonly string[])[]
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
    const groups = [list('cfg'), list('cfgj')]
    const voters = [...new Set(groups.flat())]
    const values = list(directive.startsWith('vote') ? 'votes' : 'idx')
    cases.push({
      line: directive,
      verb: directive.split(' ')[0] ?? '',
      groups,
      values: Object.fromEntries(
        voters.flatMap((voter, i) => ((values[i] ?? '_') === '_' ? [] : [[voter, values[i] ?? '']])),
      ),
      answer: lines[(end < 0 ? lines.length : end) - 1]?.replace('<empty majority quorum>', '').trim() ?? '',
    })
  }
  return cases
}

function vote({ groups, values }: Case): VoteResult {
  const votes = Object.fromEntries(Object.entries(values).map(([voter, value]) => [voter, value === 'y']))
  const results = new Set(groups.map((voters) => tally(voters, votes)))
  if (results.has('lost')) return 'lost'
  return results.has('pending') ? 'pending' : 'won'
}

function committed({ groups, values }: Case): number {
  return Math.min(
    ...groups.map((voters) => committedIndex(voters, (voter) => (voter in values ? Number(values[voter]) : undefined))),
  )
}

const answers: Record<string, VoteResult> = { VoteWon: 'won', VotePending: 'pending', VoteLost: 'lost' }

const files = ['majority_vote.txt', 'majority_commit.txt', 'joint_vote.txt', 'joint_commit.txt']

describe.each(files)('%s', (file) => {
  test.each(casesOf(file).map((one) => [one.line, one] as const))('%s', (_, one) => {
    if (one.verb === 'vote') expect(vote(one)).toBe(answers[one.answer])
    else expect(`${committed(one)}`.replace('Infinity', '∞')).toBe(one.answer)
  })
})

test('etcd has 127 cases', () => {
  expect(files.flatMap(casesOf)).toHaveLength(127)
})
