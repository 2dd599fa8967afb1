import type { Figures, Measured } from './figures.ts'

const [width, height] = [760, 480]
const margin = { left: 80, right: 200, top: 40, bottom: 60 }
const colors = ['#0b6e99', '#c2410c', '#4d7c0f', '#7e22ce', '#b91c1c', '#334155']
/** What never happened has a place of its own on a scale of powers of ten. */
const least = 0.1

interface Point {
  readonly name: string
  /** The first words of its series' name: those of one family are joined by a line. */
  readonly family: string
  readonly x: Measured
  readonly y: Measured
}

/**
 * The first quantity against the second, a point for each series, both on scales of powers of ten: for a detector, how fast it is
 * against how often it is wrong. Of the one the median, of the other the mean: most of the time it may be nothing.
 */
export function plotOf(figures: Figures, title: string): string {
  const [across = '', up = ''] = figures.quantities
  const points = figures.series.flatMap((name): Point[] => {
    const [x, y] = [figures.measured(name, across), figures.measured(name, up)]
    const family = name.replace(/ [\d.]+( \w+)?$/, '')
    return x === undefined || y === undefined ? [] : [{ name, family, x, y }]
  })
  const horizontal = scaleOf(
    points.map(({ x }) => x.median),
    margin.left,
    width - margin.right,
  )
  const vertical = scaleOf(
    points.map(({ y }) => y.mean),
    height - margin.bottom,
    margin.top,
  )
  const families = [...new Set(points.map(({ family }) => family))]
  const drawn = families.map((family, i) => {
    const those = points.filter((point) => point.family === family)
    const color = colors[i % colors.length] ?? 'black'
    const places = those.map(({ x, y }) => [horizontal.place(x.median), vertical.place(y.mean)] as const)
    const line = `<polyline points="${places.map((place) => place.join(',')).join(' ')}" fill="none" stroke="${color}"/>`
    const dots = places.map(([x, y], j) => {
      const tip = those[j]?.name ?? ''
      return `<circle cx="${x}" cy="${y}" r="4" fill="${color}"><title>${escaped(tip)}</title></circle>${text(x + 7, y - 6, tip.slice(family.length + 1), 'font-size="10"')}`
    })
    const key = `<rect x="${width - margin.right + 20}" y="${margin.top + i * 20 - 9}" width="10" height="10" fill="${color}"/>`
    return `${line}${dots.join('')}${key}${text(width - margin.right + 36, margin.top + i * 20, family)}`
  })
  const unit = (of: (point: Point) => Measured): string => points.map((point) => of(point).unit)[0] ?? ''
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" fill="white"/>
${text(margin.left, 22, title, 'font-weight="bold"')}
${horizontal.ticks.map((tick) => `<path d="M${horizontal.place(tick)} ${margin.top}V${height - margin.bottom}" stroke="#ddd"/>${text(horizontal.place(tick), height - margin.bottom + 18, tickText(tick), 'text-anchor="middle"')}`).join('\n')}
${vertical.ticks.map((tick) => `<path d="M${margin.left} ${vertical.place(tick)}H${width - margin.right}" stroke="#ddd"/>${text(margin.left - 8, vertical.place(tick) + 4, tickText(tick), 'text-anchor="end"')}`).join('\n')}
${text((margin.left + width - margin.right) / 2, height - 16, `${across}, ${unit(({ x }) => x)}`, 'text-anchor="middle"')}
<g transform="translate(20 ${(margin.top + height - margin.bottom) / 2}) rotate(-90)">${text(0, 0, `${up}, ${unit(({ y }) => y)}`, 'text-anchor="middle"')}</g>
${drawn.join('\n')}
</svg>
`
}

interface Scale {
  readonly ticks: readonly number[]
  place(value: number): number
}

/** Of powers of ten, from the last of 1, 2, 5, 10, … that is below all values to the first that is above. */
function scaleOf(values: readonly number[], from: number, to: number): Scale {
  const ones = Array.from({ length: 12 }, (_, i) => [1, 2, 5].map((digit) => digit * 10 ** (i - 1))).flat()
  const first = Math.max(
    0,
    ones.findLastIndex((tick) => values.every((value) => value >= tick)),
  )
  const last = Math.max(
    first + 1,
    ones.findIndex((tick) => values.every((value) => value <= tick)),
  )
  const [low = least, high = 1] = [ones[first], ones[last]]
  const share = (value: number): number => Math.log10(Math.max(low, value) / low) / Math.log10(high / low)
  return { ticks: ones.slice(first, last + 1), place: (value) => Math.round(from + share(value) * (to - from)) }
}

function tickText(tick: number): string {
  return tick <= least ? `≤ ${tick}` : String(tick)
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
