import { describe, expect, test } from 'vitest'
import type { Fault } from 'synod/simulator'
import { deviationText, durationText, faultText } from './fault-text.ts'
import { grouped, median, rough } from './numbers.ts'

const nodes = ['a', 'b', 'c']
const spell = { at: 1, for: 2500 }

describe('a fault reads like a sentence', () => {
  const cases: [Fault, string][] = [
    [
      { type: 'powerCut', ...spell, for: 300, node: 'b', operations: 4 },
      'power cut at b, for 300 ms, after 4 disk operations',
    ],
    [{ type: 'powerCut', ...spell, node: 'b', operations: 0 }, 'power cut at b, for 2,500 ms'],
    [
      { type: 'partition', ...spell, shape: 'mute', links: ['a>b', 'a>c'] },
      'partition (mute) of a → b, a → c, for 2,500 ms',
    ],
    [
      { type: 'partition', ...spell, shape: 'isolated', links: ['b>a', 'a>b', 'c>b'] },
      'partition (isolated) of a – b, c → b, for 2,500 ms',
    ],
    [
      { type: 'loss', ...spell, share: 0.07, links: ['a>b', 'b>a', 'a>c', 'c>a', 'b>c', 'c>b'] },
      '7 % of the frames lost on all links, for 2,500 ms',
    ],
    [{ type: 'blackout', ...spell, except: ['c'] }, 'power cut everywhere, for 2,500 ms; c only stop'],
    [{ type: 'jump', at: 1, node: 'a', by: 1200 }, 'clock of a leaps ahead by 1,200 ms'],
    [{ type: 'bitFlip', ...spell, node: 'a', flips: 1 }, '1 byte flipped on the disk of a, for 2,500 ms'],
  ]
  test.each(cases)('%o', (fault, text) => expect(faultText(fault, nodes)).toBe(text))

  test('and so do a frame’s fate and a duration', () => {
    expect(deviationText({ link: 'a>b', frame: 17, fate: 'doubled' })).toBe('frame 17 on a → b is doubled')
    expect(durationText({ kind: 'uniform', min: 1, max: 1 })).toBe('1 ms')
    expect(durationText({ kind: 'stragglers', min: 1, max: 5, straggle: 200 })).toBe(
      '1 to 5 ms, now and then 200 ms longer',
    )
  })
})

describe('numbers', () => {
  test('are grouped by thousands, before the point only', () => {
    expect([grouped(999), grouped(1200), grouped(1_234_567.8912, 3)]).toEqual(['999', '1,200', '1,234,567.891'])
  })

  test('that are rough have the digits that tell', () => {
    expect([0, 0.0456, 0.456, 4.56, 45.6, 4567].map(rough)).toEqual(['0', '0.046', '0.46', '4.6', '46', '4,567'])
  })

  test('have a middle', () => {
    expect([median([]), median([3]), median([4, 1]), median([9, 1, 2])]).toEqual([undefined, 3, 2.5, 2])
  })
})
