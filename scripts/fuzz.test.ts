import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { Draw, mutate } from './fuzz/draw.ts'
import { targets } from './fuzz/targets.ts'

// Goal: the fuzzer finds what it is there for and replays it; a short run of each decoder is part of every test run.

describe.each(Object.entries(targets))('the decoder %s', (_, target) => {
  test('survives a few hundred inputs', () => {
    for (let index = 0; index < 200; index++) {
      const draw = new Draw(2026, index)
      target.run(target.input(draw), draw)
    }
    expect(target.about).not.toBe('')
  })

  test('is given the same input for the same seed and number, and others for others', () => {
    const [one, same, other] = [new Draw(1, 5), new Draw(1, 5), new Draw(1, 6)].map((draw) => target.input(draw))
    expect(one).toEqual(same)
    expect(one).not.toEqual(other)
  })
})

test('an edit changes little, and never what it was made from', () => {
  const original = Uint8Array.from({ length: 100 }, (_, i) => i)
  const results = Array.from({ length: 500 }, (_, i) => mutate(new Draw(3, i), original, [original]))
  expect(original).toEqual(Uint8Array.from({ length: 100 }, (_, i) => i))
  expect(new Set(results.map(String)).size).toBeGreaterThan(350)
})

test.each([
  [['nope'], 'there is no decoder nope'],
  [['--minutes', 'x'], '--minutes x'],
  [['--minutes', '0'], '--minutes 0'],
  [['--input', '3'], 'needs the --seed'],
  [['--what'], "Unknown option '--what'"],
])('%j is a command line that cannot be meant', (words, why) => {
  const { status, stderr } = spawnSync(process.execPath, ['-C', '@synod/source', 'scripts/fuzz.ts', ...words], {
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stderr).toContain(why)
})
