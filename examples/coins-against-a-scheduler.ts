/**
 * Ben-Or's randomised consensus against schedulers that want it never to end: with coins of their own, with a common coin, and
 * with a common coin that is confirmed first.
 *
 *     npx node -C @synod/source examples/coins-against-a-scheduler.ts
 */
import { expectedRounds, keepApart, roundsAgainstTheWorst, roundsWithConfirmation } from 'synod/testing'

const runs = 200

for (const [n, f] of [
  [3, 1],
  [5, 2],
] as const) {
  const rounds = average((seed) => roundsAgainstTheWorst(n, { f, faults: 'crash' }, seed))
  const expected = expectedRounds(n, { f, faults: 'crash' })
  console.log(`${n} participants, ${f} may crash: ${rounds} rounds, ${expected} by the closed form`)
}
console.log(`a common coin: nobody has decided after ${keepApart(1, 1000).length} rounds`)
console.log(`a confirmed common coin: ${average((seed) => roundsWithConfirmation(5, 2, seed))} rounds`)

function average(run: (seed: number) => number): string {
  let sum = 0
  for (let seed = 1; seed <= runs; seed++) sum += run(seed)
  return (sum / runs).toFixed(1)
}
