import type { ValenceTree } from './exhibit.ts'

const colors: Readonly<Record<string, string>> = { bivalent: '#8250df', '0-valent': '#0969da', '1-valent': '#bc4c00' }
const [left, columnWidth, rowHeight, top] = [24, 330, 22, 60]

/** The valence tree of one stage, as SVG: bivalent configurations down the left, what could happen in each to its right. */
export function pictureOf({ depth, waiting, steps }: ValenceTree): string {
  const lines: string[] = []
  let y = top
  for (const [i, { branches }] of steps.entries()) {
    const here = y
    lines.push(dot(left, here, 'bivalent'), label(left + 14, here, i === 0 ? `after ${depth} steps` : ''))
    for (const { event, valence, isTaken } of branches) {
      y += rowHeight
      const x = left + 60
      lines.push(
        `<path d="M${left} ${here} V${y} H${x}" fill="none" stroke="${isTaken ? colors['bivalent'] : '#afb8c1'}" stroke-width="${isTaken ? 3 : 1}"/>`,
        dot(x, y, valence),
        label(x + 14, y, `${inShort(event)}${event === waiting ? '  (has waited for the longest time)' : ''}`, isTaken),
      )
    }
    y += rowHeight * 2
    const next = `<path d="M${left} ${here} V${y}" stroke="${colors['bivalent']}" stroke-width="3"/>`
    lines.unshift(next)
  }
  lines.push(dot(left, y, 'bivalent'), label(left + 14, y, 'and so on, for ever'))
  const legend = Object.keys(colors).map((valence, i) => {
    const x = left + i * 140
    return `${dot(x, 24, valence)}${label(x + 14, 24, valence)}`
  })
  const [width, height] = [left + 2 * columnWidth, y + 30]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
${[...legend, ...lines].join('\n')}
</svg>
`
}

function dot(x: number, y: number, valence: string): string {
  return `<circle cx="${x}" cy="${y}" r="7" fill="${colors[valence] ?? 'black'}"/>`
}

function label(x: number, y: number, text: string, isBold = false): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y + 4}"${isBold ? ' font-weight="bold"' : ''}>${escaped}</text>`
}

/** `b receives accept 1.a of a`: of a message its type, ballot and value. */
function inShort(event: string): string {
  const [, to = '', json = '', from = ''] = /^(\w+) receives (\{.*\}) from (\w+)$/.exec(event) ?? []
  if (json === '') return event
  const { type, ballot, value } = JSON.parse(json.replaceAll(/"bytes":<[^>]*>/g, '"bytes":0')) as {
    type: string
    ballot: { round: number; id: string }
    value?: { origin: string }
  }
  return `${to} receives ${type} ${ballot.round}.${ballot.id}${value === undefined ? '' : ` ${value.origin}`} from ${from}`
}
