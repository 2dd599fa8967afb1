import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { percent } from '../loaded-cluster.ts'
import { conditions } from '../machine.ts'
import { positive, readOptions, runProgram, WrongOption } from '../options.ts'
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
  return runProgram({ name: 'bench growth', usage, read, run }, args)
}

interface Chosen {
  readonly series: readonly Series[]
  readonly seconds: number
  readonly max: number
  /** Where it is drawn. */
  readonly svg: string | undefined
}

function read(args: string[]): Chosen {
  const { series: part, ...values } = readOptions(args, {
    series: { type: 'string', default: '' },
    seconds: { type: 'string', default: '4' },
    max: { type: 'string', default: 'Infinity' },
    svg: { type: 'string' },
  })
  const chosen = Object.entries(allSeries).filter(([name]) => name.includes(part))
  if (chosen.length === 0) throw new WrongOption(`--series is ${part}: there are ${Object.keys(allSeries).join(', ')}`)
  const [seconds, max] = [positive('--seconds', values.seconds), positive('--max', values.max)]
  return { series: chosen.map(([, series]) => series), seconds, max, svg: values.svg }
}

async function run({ series: chosen, seconds, max, svg }: Chosen): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-growth-'))
  try {
    console.log(`${conditions(folder)}; about ${seconds} s a point\n`)
    const panels: Panel[] = []
    for (const series of chosen) {
      const points = await series.measure({ folder, seconds, max })
      console.log(`${table(series, points)}\n`)
      if (points.length > 0) panels.push(panelOf(series, points))
    }
    if (svg !== undefined) writeFileSync(svg, picture(panels, 'What a put costs, and how that grows'))
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
