const [width, height] = [460, 300]
const margin = { left: 64, right: 20, top: 44, bottom: 48 }
const colors = ['#0b6e99', '#c2410c', '#4d7c0f', '#7e22ce']

/** A line of a panel. */
export interface Line {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

/** One diagram: a quantity that grows against what it costs, both on scales of powers of ten. */
export interface Panel {
  readonly title: string
  readonly across: string
  readonly up: string
  readonly lines: readonly Line[]
}

/** Panels beside and below each other, as one picture. */
export function picture(panels: readonly Panel[], title: string): string {
  const columns = 2
  const rows = Math.ceil(panels.length / columns)
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height + 30]
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel)}\n</g>`
  })
  const size = `0 0 ${columns * width} ${rows * height + 40}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${size}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="white"/>
${text(20, 24, title, 'font-weight="bold" font-size="14"')}
${drawn.join('\n')}
</svg>
`
}

function drawPanel({ title, across, up, lines }: Panel): string {
  const all = lines.flatMap(({ points }) => points)
  const horizontal = scaleOf(
    all.map(([x]) => x),
    margin.left,
    width - margin.right,
    'tight',
  )
  const vertical = scaleOf(
    all.map(([, y]) => y),
    height - margin.bottom,
    margin.top,
    'whole decades',
  )
  const [bottom, right] = [height - margin.bottom, width - margin.right]
  const drawn = lines.map(({ name, points }, i) => {
    const color = colors[i % colors.length] ?? 'black'
    const places = points.map(([x, y]) => [horizontal.place(x), vertical.place(y)] as const)
    const line = `<polyline points="${places.map((place) => place.join(',')).join(' ')}" fill="none" stroke="${color}" stroke-width="1.5"/>`
    const dots = places.map(([x, y], j) => {
      const tip = `${name}: ${points[j]?.join(', ') ?? ''}`
      return `<circle cx="${x}" cy="${y}" r="3" fill="${color}"><title>${escaped(tip)}</title></circle>`
    })
    const at = margin.left + 8 + i * 120
    const key = `<rect x="${at}" y="${margin.top - 14}" width="9" height="9" fill="${color}"/>`
    return `${line}${dots.join('')}${key}${text(at + 14, margin.top - 6, name, 'font-size="11"')}`
  })
  return [
    text(margin.left, 18, title, 'font-weight="bold"'),
    ...horizontal.ticks.map((tick) => {
      const x = horizontal.place(tick)
      return `<path d="M${x} ${margin.top}V${bottom}" stroke="#ddd"/>${text(x, bottom + 16, tickText(tick), 'text-anchor="middle" font-size="11"')}`
    }),
    ...vertical.ticks.map((tick) => {
      const y = vertical.place(tick)
      return `<path d="M${margin.left} ${y}H${right}" stroke="#ddd"/>${text(margin.left - 8, y + 4, tickText(tick), 'text-anchor="end" font-size="11"')}`
    }),
    text((margin.left + right) / 2, height - 12, across, 'text-anchor="middle"'),
    `<g transform="translate(14 ${(margin.top + bottom) / 2}) rotate(-90)">${text(0, 0, up, 'text-anchor="middle"')}</g>`,
    ...drawn,
  ].join('\n')
}

interface Scale {
  readonly ticks: readonly number[]
  place(value: number): number
}

/** Of powers of ten: `tight` from the least to the greatest value, `whole decades` around them. */
function scaleOf(values: readonly number[], from: number, to: number, ends: 'tight' | 'whole decades'): Scale {
  const logs = values.map((value) => Math.log10(value))
  const [least, greatest] = [Math.min(...logs), Math.max(...logs)]
  const [low, high] = ends === 'tight' ? [least, greatest] : [Math.floor(least), Math.ceil(greatest)]
  const span = high > low ? high - low : 1
  const decades = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i))
  const distinct = [...new Set(values)].toSorted((a, b) => a - b)
  const ticks = decades.length < 2 ? distinct : decades
  return { ticks, place: (value) => Math.round(from + ((Math.log10(value) - low) / span) * (to - from)) }
}

function tickText(tick: number): string {
  if (tick >= 1e6) return `${tick / 1e6}M`
  return tick >= 1e3 ? `${tick / 1e3}k` : String(Number(tick.toPrecision(2)))
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
