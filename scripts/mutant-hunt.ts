import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readMutant } from './mutant.ts'

/**
 * Lets the simulator's swarm look for one mutant, in this process: `node scripts/mutant-hunt.ts FILE SEEDS SECONDS`. Prints what it
 * found as a line of JSON: after how many seeds, which invariant, and how many events the shrunk run has.
 */
const [file = '', seeds = '200', seconds = '60'] = process.argv.slice(2)
const mutant = readMutant(file)
const mutated = pathToFileURL(resolve(mutant.module)).href
let applied = false
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== mutated) return loaded
    applied = true
    const { source } = loaded
    const text = typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined)
    return { ...loaded, source: text.replace(mutant.old, () => mutant.new) }
  },
})

const { drawPlan, shrink, simulate, sizeOf, writeArtefact } = await import('synod/simulator')
const { raftSubject } = await import('synod/testing')
if (!applied) report({ seeds: null, why: 'no simulated run loads its module' })
else hunt()

function hunt(): void {
  const deadline = performance.now() + 1000 * Number(seconds)
  for (let seed = 1; seed <= Number(seeds) && performance.now() < deadline; seed++) {
    const plan = drawPlan(raftSubject, seed)
    const { violation } = simulate(raftSubject, plan)
    if (violation === undefined) continue
    const began = performance.now()
    const shrunk = shrink(raftSubject, plan, violation.invariant, { enough: () => performance.now() > began + 60_000 })
    if (shrunk === undefined) throw new Error(`seed ${seed} does not fail again: the simulator is not deterministic`)
    const artefact = writeArtefact({
      plan: shrunk.plan,
      violation: shrunk.outcome.violation,
      trace: shrunk.outcome.trace.hash,
    })
    return report({
      seeds: seed,
      events: sizeOf(shrunk.plan),
      invariant: violation.invariant,
      runs: shrunk.runs,
      seconds: Math.round((performance.now() - began) / 100) / 10,
      bytes: artefact.length,
    })
  }
  report({ seeds: null, why: 'not found' })
}

function report(found: object): void {
  console.log(JSON.stringify({ mutant: mutant.name, ...found }))
}
