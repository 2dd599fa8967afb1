/**
 * A protocol of one's own, attacked: single-decree Paxos with a bug (paxos.ts). The swarm finds a run that shows it,
 * makes that run small, keeps it in a file, tells it line by line, and replays it from the file. With `mended`, the same
 * protocol without the bug passes. docs/simulate-your-own-protocol.md walks through it.
 *
 *     node -C @synod/source examples/simulate-your-own-protocol.ts [mended] [--artefact FILE]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawPlan, readArtefact, shrink, simulate, sizeOf, storyOf, writeArtefact, type Plan } from 'synod/simulator'
import { describePaxos } from './paxos.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { artefact: { type: 'string' } } })
const file = values.artefact ?? join(tmpdir(), 'synod-paxos.json')
const subject = describePaxos(positionals.includes('mended'))
const seeds = 200
const situations = new Set<string>()

for (let seed = 1; seed <= seeds; seed++) {
  const plan = drawPlan(subject, seed)
  const { violation, reached } = simulate(subject, plan)
  for (const situation of reached) situations.add(situation)
  if (violation === undefined) continue
  console.log(`Seed ${seed}, ${sizeOf(plan)} events: ${violation.invariant} is broken: ${violation.message}`)
  keepSmall(plan, violation.invariant)
  replay()
  process.exit(1)
}
console.log(`${seeds} seeds, and nothing is broken. Reached: ${[...situations].toSorted().join('; ')}`)

function keepSmall(plan: Plan, invariant: string): void {
  const shrunk = shrink(subject, plan, invariant)
  if (shrunk === undefined) throw new Error('what a plan breaks, it breaks again')
  const { trace, violation } = shrunk.outcome
  writeFileSync(file, writeArtefact({ plan: shrunk.plan, violation, trace: trace.hash }))
  console.log(`The same in ${sizeOf(shrunk.plan)} events, after ${shrunk.runs} runs; kept in ${file}:\n`)
  console.log(storyOf(subject, shrunk.plan).join('\n'))
}

function replay(): void {
  const artefact = readArtefact(readFileSync(file, 'utf8'))
  const { trace, violation } = simulate(subject, artefact.plan)
  const which = trace.hash === artefact.trace ? 'the same run' : 'another run'
  console.log(`\nReplayed from the file, it is ${which}: ${violation?.message ?? 'nothing is broken'}`)
}
