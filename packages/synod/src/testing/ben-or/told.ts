import { benOrWorld, keepApart } from './worst-scheduler.ts'
import type { Bit, Message } from '../../protocols/ben-or/index.ts'

/** What is said by n participants who begin with these values, f of whom may crash, until all have decided; the oldest message first. */
export function toldInOrder(values: readonly Bit[], f: number): string {
  const world = benOrWorld(values.length, { f })
  const lines: string[] = []
  for (const [i, id] of world.ids.entries()) world.ask(id, (benOr) => benOr.propose(values[i] ?? 0))
  for (let next = world.underWay[0]; next !== undefined; next = world.underWay[0]) {
    const decided = world.decided.length
    world.deliver(next)
    lines.push(`${next.from} → ${next.to}  ${inWords(next.message)}`)
    for (const { id, term } of world.decided.slice(decided)) lines.push(`${id} decides in round ${term}`)
  }
  return `${lines.join('\n')}\n`
}

/** How the strong adversary keeps three participants apart, round by round. */
export function toldKeptApart(seed: number, rounds: number): string {
  const lines = keepApart(seed, rounds).map(
    ({ round, coin, next: { p1, p2, p3 } }) =>
      `round ${round}: p1 tosses ${coin}, and begins the next round with ${p1}; p2 with ${p2}; p3 ${p3 === undefined ? 'may still begin it with either' : `with ${p3}`}`,
  )
  return `${lines.join('\n')}\n`
}

function inWords(message: Message): string {
  return message.type === 'missing'
    ? `missing ${message.round}`
    : `${message.type} ${message.value} of round ${message.round}`
}
