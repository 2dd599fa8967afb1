import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { percent } from '../loaded-cluster.ts'
import { conditions } from '../machine.ts'
import { picture, type Panel } from './plot.ts'
import { allSeries, type Point, type Series } from './series.ts'

const usage = `How the cost of a put grows with what it meets: ${Object.keys(allSeries).join(', ')}.

  npm run bench -- growth [options]

  --series TEXT    only those whose name contains it (default: all)
  --seconds N      of each point, about (default 4)
  --max N          no size beyond it (default: all)
  --svg FILE       also drawn, such as docs/growth.svg
`

/** Answers the exit code. */
export async function main(args: string[]): Promise<number> {
  let values
  try {
    values = parseArgs({
      args,
      options: {
        series: { type: 'string', default: '' },
        seconds: { type: 'string', default: '4' },
        max: { type: 'string', default: 'Infinity' },
        svg: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    process.stderr.write(`bench growth: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const [seconds, max] = [Number(values.seconds), Number(values.max)]
  const chosen = Object.entries(allSeries).filter(([name]) => name.includes(values.series))
  const wrong =
    (chosen.length === 0 ? `--series is ${values.series}: there are ${Object.keys(allSeries).join(', ')}` : '') ||
    (!(seconds > 0) ? `--seconds is ${values.seconds}: expected a number above 0` : '') ||
    (!(max > 0) ? `--max is ${values.max}: expected a number above 0` : '')
  if (wrong !== '') {
    process.stderr.write(`bench growth: ${wrong}\n\n${usage}`)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'synod-growth-'))
  try {
    console.log(`${conditions(folder)}; about ${seconds} s a point\n`)
    const panels: Panel[] = []
    for (const [, series] of chosen) {
      const points = await series.measure({ folder, seconds, max })
      console.log(`${table(series, points)}\n`)
      if (points.length > 0) panels.push(panelOf(series, points))
    }
    if (values.svg !== undefined) writeFileSync(values.svg, picture(panels, 'What a put costs, and how that grows'))
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function table({ title, across, load }: Series, points: readonly Point[]): string {
  const lines = points.map(({ size, cpuUs, p50Ms, p99Ms, perSecond, foreign }) =>
    [size, cpuUs.toFixed(1), p50Ms.toFixed(2), p99Ms.toFixed(1), Math.round(perSecond), percent(foreign)].join(' | '),
  )
  return [
    `**${title}** (${load})\n`,
    `| ${across} | CPU µs a put, all members | p50 ms | p99 ms | puts/s | foreign |`,
    '|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}

function panelOf({ title, across, load }: Series, points: readonly Point[]): Panel {
  const line = (name: string, of: (point: Point) => number): Panel['lines'][number] => ({
    name,
    points: points.map((point) => [point.size, Number(of(point).toPrecision(4))] as const),
  })
  return {
    title: `${title} (${load})`,
    across,
    up: 'µs',
    lines: [
      line('CPU, all members', ({ cpuUs }) => cpuUs),
      line('p50', ({ p50Ms }) => 1000 * p50Ms),
      line('p99', ({ p99Ms }) => 1000 * p99Ms),
    ],
  }
}
