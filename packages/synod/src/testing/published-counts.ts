import type { Chosen, Explorable } from '../explorer/index.ts'

/** A row of a model's table in docs/state-counts.md. */
export interface PublishedCount {
  /** As on the command line. */
  readonly bounds: string
  /** These, and the usual ones. */
  readonly chosen: Chosen
  readonly states: number
  readonly transitions: number
  readonly levels: number
}

/** All rows of the table of one of our own models, in the text of that page. */
export function publishedCounts(page: string, { name: model, parameters }: Explorable): readonly PublishedCount[] {
  const usual = parameters.map(({ name, fallback }) => [name, fallback] as const)
  const [table = ''] = page.slice(page.indexOf(`\`synod explore ${model}\``)).split('\n\n')
  const rows = [...table.matchAll(/^\| `(--[^`]+)` +\| (\d+) +\| (\d+) +\| (\d+) +\|$/gm)]
  return rows.map(([, bounds = '', states, transitions, levels]) => {
    const given = [...bounds.matchAll(/--(\S+) (\d+)/g)].map(([, name = '', value]) => [name, Number(value)] as const)
    const chosen = Object.fromEntries([...usual, ...given])
    return { bounds, chosen, states: Number(states), transitions: Number(transitions), levels: Number(levels) }
  })
}
