import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { replay, writeExploration } from '../../explorer/index.ts'
import { exhibitFlp, firstDetour, type ToldStep } from './exhibit.ts'
import { flpSpace, termination } from './flp-model.ts'
import { pictureOf } from './picture.ts'

// Goal: what FLP says of every protocol that survives a crash is seen on ours. Method: the search, for a run that is short; what it
// has found is held against the production class once more, by replaying it.
const steps = 120
const found = exhibitFlp(3, steps)

function decidedAfter(path: readonly ToldStep[]): string[] {
  const space = flpSpace(found.inputs)
  const { state, at } = replay(space, 0, path)
  if (state === undefined) throw new Error('there is no initial state')
  expect(at).toBe(undefined)
  const decided = space.judge(state, -1)
  return space.properties.filter((_, i) => (decided & (1 << i)) !== 0).map(({ name }) => name)
}

test('Lemma 2: a bivalent initial configuration; who all begin with one bit can decide nothing else', () => {
  const valences = Object.fromEntries(found.initial.map(({ inputs, valence }) => [inputs, valence]))
  expect(valences).toMatchObject({ '000': '0-valent', '001': 'bivalent', '011': 'bivalent', '111': '1-valent' })
  expect(decidedAfter(found.witnesses['0'])).toEqual(['0 is decided'])
  expect(decidedAfter(found.witnesses['1'])).toEqual(['1 is decided'])
})

test('in each of both schedules somebody takes no steps, and could have crashed', () => {
  for (const schedule of Object.values(found.witnesses))
    expect(new Set(schedule.map(({ event }) => event.slice(0, 1))).size).toBeLessThan(3)
})

test('Lemma 3: each pending event, nine messages and three timers, can happen and leave it open', () => {
  expect(found.kept).toHaveLength(12)
})

test('a thousand steps, written, fit into a report', () => {
  // What is said comes again, of later rounds.
  const path = Array.from({ length: 1000 }, (_, i) => found.path[i % steps] ?? { event: '', alternative: 0 })
  const bounds = { participants: 3, steps: 1000 }
  const text = writeExploration({ model: 'flp', bounds, property: termination, text: '', start: 0, path })
  expect(text.length).toBeLessThanOrEqual(64_000)
})

test('a run in which each message is delivered soon, and nobody decides', () => {
  expect(found.path.length).toBeGreaterThanOrEqual(steps)
  expect(found.run.detours).toBeGreaterThan(0)
  expect(found.run.longestWait).toBeLessThan(40)
  expect(decidedAfter(found.path)).toEqual([termination])
})

test('where nothing else happens first, some events would fix what is decided; docs/flp.svg shows it', () => {
  const tree = firstDetour(found.inputs)
  const waiting = tree.steps[0]?.branches.find(({ event }) => event === tree.waiting)
  expect(waiting?.valence).toMatch(/^[01]-valent$/)
  for (const { branches } of tree.steps)
    expect(branches.find(({ isTaken }) => isTaken)).toMatchObject({ valence: 'bivalent' })
  const file = new URL('../../../../../docs/flp.svg', import.meta.url)
  if (process.env['UPDATE'] === '1') writeFileSync(file, pictureOf(tree))
  expect(existsSync(file) && readFileSync(file, 'utf8') === pictureOf(tree)).toBe(true)
})
