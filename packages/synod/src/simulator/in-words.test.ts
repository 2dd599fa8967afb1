import { describe, expect, test } from 'vitest'
import type { Fault } from './faults.ts'
import { deviationText, durationText, errandText, faultText } from './in-words.ts'

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
    [{ type: 'unreadable', ...spell, node: 'a', blocks: 2 }, '2 blocks of the disk of a cannot be read, for 2,500 ms'],
    [{ type: 'bitFlip', ...spell, node: 'a', flips: 1 }, '1 byte flipped on the disk of a, for 2,500 ms'],
  ]
  test.each(cases)('%o', (fault, text) => expect(faultText(fault, nodes)).toBe(text))

  test('and so does an errand', () => {
    const errand = {
      at: 1,
      nodes: ['a', 'b'],
      type: 'addVoter',
      newcomers: [
        { id: 'd', after: 1200 },
        { id: 'e', after: null },
      ],
      operation: 7,
    }
    expect(errandText(errand, (operation) => `add ${String(operation)}`)).toBe(
      'asks the first of a, b that is up: add 7; d is a new machine, on 1,200 ms later; e is a new machine, never switched on',
    )
    expect(errandText({ ...errand, nodes: ['a'], newcomers: [] }, String)).toBe('asks a: 7')
  })

  test('and so do a frame’s fate and a duration', () => {
    expect(deviationText({ link: 'a>b', frame: 17, fate: 'doubled' })).toBe('frame 17 on a → b is doubled')
    expect(durationText({ kind: 'uniform', min: 1, max: 1 })).toBe('1 ms')
    expect(durationText({ kind: 'stragglers', min: 1, max: 5, straggle: 200 })).toBe(
      '1 to 5 ms, now and then 200 ms longer',
    )
  })
})
