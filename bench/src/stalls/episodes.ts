import type { Sighting } from './witness.ts'

/** A request that took long; times in milliseconds, `at` that of the epoch. */
export interface Slow {
  readonly at: number
  readonly took: number
}

/** Slow requests that were under way at the same time: one thing has held them all up. */
export interface Episode {
  readonly from: number
  readonly to: number
  readonly requests: number
  readonly worst: number
}

export function episodesOf(slow: readonly Slow[]): Episode[] {
  const episodes: Episode[] = []
  for (const { at, took } of slow.toSorted((a, b) => a.at - b.at)) {
    const last = episodes.at(-1)
    if (last !== undefined && at <= last.to) {
      const to = Math.max(last.to, at + took)
      episodes[episodes.length - 1] = {
        from: last.from,
        to,
        requests: last.requests + 1,
        worst: Math.max(last.worst, took),
      }
    } else episodes.push({ from: at, to: at + took, requests: 1, worst: took })
  }
  return episodes
}

/** What was seen during an episode, the longest first: each kind once for each witness. */
export function duringEpisode(
  { from, to }: Episode,
  witnesses: readonly { readonly name: string; readonly sightings: readonly Sighting[] }[],
): string[] {
  return witnesses.flatMap(({ name, sightings }) => {
    const longest = new Map<string, Sighting>()
    for (const sighting of sightings) {
      const { what, at, took } = sighting
      if (at > to || at + took < from) continue
      if (took > (longest.get(what)?.took ?? 0)) longest.set(what, sighting)
    }
    const sorted = [...longest.values()].toSorted((a, b) => b.took - a.took)
    return sorted.slice(0, 2).map((sighting) => `${name}: ${textOf(sighting)}`)
  })
}

function textOf({ what, took, waiting }: Sighting): string {
  const share = waiting === undefined ? '' : ` (${Math.round(100 * waiting)} % of it waiting for a processor)`
  return `${what}, ${took.toFixed(0)} ms${share}`
}
