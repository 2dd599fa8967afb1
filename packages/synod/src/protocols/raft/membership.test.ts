import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isJoint,
  membersOf,
  unsound,
  voting,
  type Membership,
  type MembershipStep,
  type NodeId,
} from '../../core/index.ts'
import { enterJoint, isImpossible, leaveJoint, simple, type Next } from './membership.ts'
import { parseScript } from '../../testing/script-blocks.ts'

// Goal: memberships change by the rules of Ongaro §4.1 and §4.3. Method: testdata/membership, our own cases for what etcd's
// nine files of confchange hold (58 of them), and more about learners; and random changes against each other.
const folder = new URL('testdata/membership/', import.meta.url)
const ofEtcd = [
  'contacts.txt',
  'joint-guarded.txt',
  'joint-left-by-itself.txt',
  'joint-staged-learner.txt',
  'joint-steps-repeated.txt',
  'nobody.txt',
  'simple-guarded.txt',
  'simple-steps-repeated.txt',
  'simple-up-and-down.txt',
]

/** `a=voter`, `a=joining@contact`, … */
function stepOf(word: string): MembershipStep {
  const found = /^(?<id>[a-z])=(?<become>voter|learner|joining|gone|same)(@(?<contact>\w+))?$/.exec(word)?.groups
  const { id = '', become = '', contact } = found ?? {}
  const at = contact === undefined ? {} : { contact }
  switch (become) {
    case 'voter':
    case 'learner':
      return { id, become, ...at }
    case 'joining':
      return { id, become: 'learner', joining: true, ...at }
    case 'gone':
      return { id, become }
    case 'same':
      return { id, become, contact: contact ?? '' }
    default:
      throw new Error(`no step: ${word}`)
  }
}

function perform(membership: Membership, [verb, ...words]: readonly string[]): Next {
  if (verb === 'leave') return leaveJoint(membership)
  if (verb === 'simple') return simple(membership, words.map(stepOf))
  const autoLeave = words[0] === 'auto'
  return enterJoint(membership, autoLeave, words.slice(autoLeave ? 1 : 0).map(stepOf))
}

function describeMembership(membership: Membership, since: ReadonlyMap<NodeId, number>): string {
  const { voters, outgoing, learners, learnersNext, joining, autoLeave, contacts } = membership
  const lists = { voters, outgoing, learners, 'learners next': learnersNext, joining }
  const parts = Object.entries(lists).flatMap(([name, ids]) => (ids.length === 0 ? [] : [`${name} ${ids.join(' ')}`]))
  if (autoLeave) parts.push('leaves by itself')
  const followed = membersOf(membership).map(
    (id) => `${id} since ${since.get(id)}${contacts[id] === undefined ? '' : ` at ${contacts[id]}`}`,
  )
  return `${parts.join('; ')}\nfollowed: ${followed.join(', ')}`
}

/** Plays a file and gives it back with what came of each line. `since`: the line by which a member came, and stayed. */
function play(text: string): string {
  let membership = voting([])
  const since = new Map<NodeId, number>()
  let line = 0
  const played = parseScript(text).map(({ comment, commands }) => {
    if (commands.length === 0) return comment
    const next = perform(membership, commands[0]?.split(' ') ?? [])
    line++
    if (!isImpossible(next)) {
      membership = next
      for (const id of since.keys()) if (!membersOf(next).includes(id)) since.delete(id)
      for (const id of membersOf(next)) if (!since.has(id)) since.set(id, line)
    }
    const came = isImpossible(next) ? `impossible: ${next.message}` : describeMembership(next, since)
    return [...(comment === '' ? [] : [comment]), ...commands, '----', came].join('\n')
  })
  return `${played.join('\n\n')}\n`
}

const files = readdirSync(folder)

describe('each change leads where its file says', () => {
  test.each(files)('%s', (name) => {
    const file = new URL(name, folder)
    const written = readFileSync(file, 'utf8')
    const played = play(written)
    if (process.env['UPDATE'] === '1') writeFileSync(file, played)
    else expect(played).toBe(written)
  })

  test("etcd's 58 cases have their counterparts", () => {
    const cases = (name: string): number => readFileSync(new URL(name, folder), 'utf8').split('\n----\n').length - 1
    expect(ofEtcd.map(cases).reduce((sum, many) => sum + many)).toBe(58)
    expect(files).toEqual(expect.arrayContaining(ofEtcd))
  })
})

const names = ['a', 'b', 'c', 'd', 'e']
const step: fc.Arbitrary<MembershipStep> = fc.oneof(
  fc.record({ id: fc.constantFrom(...names), become: fc.constant('voter'), contact: fc.constantFrom('1', '2') }),
  fc.record({
    id: fc.constantFrom(...names),
    become: fc.constant('learner'),
    contact: fc.constantFrom('1', '2'),
    joining: fc.boolean(),
  }),
  fc.record({ id: fc.constantFrom(...names), become: fc.constant('gone') }),
)
const steps = fc.array(step, { minLength: 1, maxLength: 8 })

/** From one voter by simple changes, as many of them as are possible. */
function grown(first: readonly MembershipStep[]): Membership {
  let membership = voting(['a'], { a: '1' })
  for (const one of first) {
    const next = simple(membership, [one])
    if (!isImpossible(next)) membership = next
  }
  return membership
}

test('many simple changes, or one joint phase, lead to the same', () => {
  fc.assert(
    fc.property(steps, steps, (before, change) => {
      const start = grown(before)
      let slowly: Next = start
      for (const one of change) if (!isImpossible(slowly)) slowly = simple(slowly, [one])
      // On the way there was a moment without a voter.
      fc.pre(!isImpossible(slowly))
      const joint = enterJoint(start, true, change)
      expect(isImpossible(joint)).toBe(false)
      expect(isImpossible(joint) ? joint : leaveJoint(joint)).toEqual(slowly)
    }),
    { numRuns: 2000 },
  )
})

test('what is possible is sound, and every two quorums that follow each other have a member in common', () => {
  const quorums = ({ voters, outgoing }: Membership): NodeId[][] => {
    const all = [...new Set([...voters, ...outgoing])]
    const isQuorum = (some: NodeId[]): boolean =>
      [voters, outgoing].every(
        (half) => half.length === 0 || half.filter((id) => some.includes(id)).length * 2 > half.length,
      )
    return Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((_id, i) => ((bits >> i) & 1) === 1)).filter(
      isQuorum,
    )
  }
  const overlap = (before: Membership, after: Membership): void => {
    for (const one of quorums(before))
      for (const other of quorums(after)) expect(one.some((id) => other.includes(id))).toBe(true)
  }
  fc.assert(
    fc.property(steps, steps, fc.boolean(), (before, change, auto) => {
      const start = grown(before)
      const joint = enterJoint(start, auto, change)
      const atOnce = simple(start, change)
      for (const next of [joint, atOnce]) {
        if (isImpossible(next)) continue
        expect(unsound(next)).toBeUndefined()
        expect(next.voters.length).toBeGreaterThan(0)
        overlap(start, next)
      }
      if (isImpossible(joint)) return
      const left = leaveJoint(joint)
      expect(isImpossible(left) ? left.message : unsound(left)).toBeUndefined()
      if (!isImpossible(left)) {
        expect(isJoint(left)).toBe(false)
        overlap(joint, left)
      }
    }),
    { numRuns: 300 },
  )
})
