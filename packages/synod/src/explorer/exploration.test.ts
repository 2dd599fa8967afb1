import { describe, expect, test } from 'vitest'
import { ExplorationUnreadable, isExploration, readExploration, writeExploration } from './exploration.ts'

// Goal: what is written is read again, to the letter, and what is none is refused. Method: events with all kinds of
// numbers in them; a sound text that is damaged.

const events = [
  'a receives {"round":1} from b',
  'a receives {"round":12} from b',
  'a crashes',
  '7',
  '007 and 0.50, 1234567890123456 and 123456789012345',
  'a1 says "", 0',
  '',
]

const exploration = {
  model: 'raft',
  bounds: { servers: 3 },
  property: 'log matching',
  text: 'broken',
  start: 1,
  path: events.map((event, i) => ({ event, alternative: i % 3 })),
}

test('what is written is read again', () => {
  expect(readExploration(writeExploration(exploration))).toEqual(exploration)
})

test('events that differ by numbers alone share their form', () => {
  const path = Array.from({ length: 1000 }, (_, i) => ({ event: `a receives {"round":${i}} from b`, alternative: 0 }))
  expect(writeExploration({ ...exploration, path }).length).toBeLessThan(20_000)
})

describe('what is none is refused', () => {
  const text = writeExploration(exploration)
  test.each([
    ['an artefact of a simulation', '{"synod":"artefact"}', 'it does not begin with'],
    ['an older one', '{"format": "synod exploration 1"}', 'it is of version 1; this is Synod with version 2'],
    ['a newer one', text.replace('"version":2', '"version":3'), 'it is of version 3'],
    ['half of one', text.slice(0, 100), 'not JSON'],
    ['one without a path', text.replace('"path"', '"way"'), 'are missing'],
    ['one with an event of no form', text.replace('[0,0,1]', '[99,0,1]'), 'event 1 fits no form'],
    ['one with a number too many', text.replace('[0,0,1]', '[0,0,1,1]'), 'event 1 fits no form'],
    ['one with a number that is none', text.replace('[0,0,1]', '[0,0,"1"]'), 'are missing'],
  ])('%s', (_, damaged, why) => {
    expect(() => readExploration(damaged)).toThrow(ExplorationUnreadable)
    expect(() => readExploration(damaged)).toThrow(why)
  })

  test('and one of any version is known as such', () => {
    expect([text, '{"format": "synod exploration 1"}', '{"synod":"artefact"}', ''].map(isExploration)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
