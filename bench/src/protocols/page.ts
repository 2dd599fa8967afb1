/** One row of a table, by the names of its columns. */
export type Row = Readonly<Record<string, string>>

/** The first table behind a heading, by what is in its first column. */
export function tableOf(page: string, heading: string): ReadonlyMap<string, Row> {
  const section = page.slice(page.indexOf(`## ${heading}\n`)).split(/\n## /, 1)[0] ?? ''
  const [head, , ...lines] = section.split('\n').filter((line) => line.startsWith('|'))
  const columns = cellsOf(head ?? '')
  return new Map(
    lines.map((line) => {
      const cells = cellsOf(line)
      return [cells[0] ?? '', Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']))]
    }),
  )
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/**
 * What a formula comes to, written as on paper: `3n(n − 1)`, `n²`, `⌊(n − 1)/2⌋`. Nothing but n, whole numbers, sums, products,
 * squares, and halves and the like rounded down.
 */
export function valueOf(formula: string, n: number): number {
  const tokens = formula.match(/\d+|\S/g) ?? []
  let at = 0

  const take = (token: string): void => {
    if (tokens[at++] !== token) throw new Error(`${formula}: ${token} is missing at ${at}`)
  }

  const sum = (): number => {
    let value = product()
    while (tokens[at] === '+' || tokens[at] === '−') value += tokens[at++] === '+' ? product() : -product()
    return value
  }

  const product = (): number => {
    let value = square()
    while (/^[n(⌊\d]$|^\d+$/.test(tokens[at] ?? '')) value *= square()
    return value
  }

  const square = (): number => {
    const value = factor()
    if (tokens[at] !== '²') return value
    at++
    return value * value
  }

  const factor = (): number => {
    const token = tokens[at++] ?? ''
    if (token === 'n') return n
    if (token === '(') {
      const value = sum()
      take(')')
      return value
    }
    if (token === '⌊') {
      const value = sum()
      take('/')
      const divisor = factor()
      take('⌋')
      return Math.floor(value / divisor)
    }
    if (!/^\d+$/.test(token)) throw new Error(`${formula}: what is ${token}?`)
    return Number(token)
  }

  const value = sum()
  if (at < tokens.length) throw new Error(`${formula}: what is ${tokens[at] ?? ''}?`)
  return value
}
