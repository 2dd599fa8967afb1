import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run, temporaryFolder } from '../../testing/processes.ts'
import { plotOf } from './figures-plot.ts'
import { Figures } from './figures.ts'

// Goal: what runs measure is put together, told and drawn. Method: a few samples by hand; and the
// command over failure detectors.

const figures = new Figures()
for (let run = 1; run <= 2; run++) {
  figures.add([
    { series: 'φ 12', quantity: 'time', unit: 'ms', values: [100 * run, 300] },
    { series: 'φ 12', quantity: 'rate', unit: 'per hour', values: [2] },
    { series: 'φ <8>', quantity: 'time', unit: 'ms', values: [40] },
    { series: 'φ <8>', quantity: 'rate', unit: 'per hour', values: run === 1 ? [] : [70] },
  ])
}

test('in numbers', () => {
  expect(figures.measured('φ 12', 'time')).toEqual({ unit: 'ms', samples: 4, median: 250, mean: 225, p99: 300 })
  expect(figures.measured('φ 12', 'size')).toBe(undefined)
  expect(figures.json()).toMatchObject({ 'φ <8>': { rate: { samples: 1, mean: 70 } } })
})

test('in words, series in the order of their numbers', () => {
  expect(figures.text().trim().split('\n')).toEqual([
    'measured, median (99 % at most)  time, ms   rate, per hour',
    'φ <8>                            40 (40)    70 (70)',
    'φ 12                             250 (300)  2.0 (2.0)',
  ])
  expect(new Figures().text()).toBe('')
})

test('as a picture: a point for each series, and no markup of theirs', () => {
  const svg = plotOf(figures, 'quality')
  expect(svg.match(/<circle/g)).toHaveLength(2)
  expect(svg).toContain('φ &lt;8&gt;')
  expect(svg).toContain('>time, ms<')
})

test('by the command: told, and drawn where --svg says; a protocol that measures nothing has nothing to draw', async () => {
  using folder = temporaryFolder()
  const svg = join(folder.path, 'quality.svg')
  const command = async (name: string): ReturnType<typeof run> =>
    run(['simulate', name, '--seeds', '2', '--jobs', '1', '--svg', svg])
  const measured = await command('failure-detectors')
  expect(measured.code).toBe(0)
  expect(measured.stdout).toMatch(/^measured, median \(99 % at most\) +detection time, ms +mistake rate/m)
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s)
  const nothing = await command('chandra-toueg')
  expect(nothing.code).toBe(2)
  expect(nothing.stderr).toContain('chandra-toueg measures nothing that --svg could draw')
})
