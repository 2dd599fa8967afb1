import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Hunted } from './mutant-hunts.ts'
import { readMutant } from './mutant.ts'

/**
 * Lets the simulator's swarm look for one mutant, in this process: `node -C @synod/source scripts/mutant-hunt.ts FILE
 * SEEDS SECONDS`. Tells who started it what it found; or prints it, if nobody waits for it.
 */
const [file = '', seeds = '300', seconds = '60'] = process.argv.slice(2)
/** Shrinking ends within a minute, with the run that is under way then. */
const shrinkMs = 57_000

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

// After the hook: what it is for must not be loaded before.
const { drawPlan, shrink, simulate, sizeOf } = await import('synod/simulator')
const { raftSubject } = await import('synod/testing')
report(applied ? hunt() : { seeds: null, why: 'no simulated run loads its module' })

function hunt(): Hunted {
  const deadline = performance.now() + 1000 * Number(seconds)
  for (let seed = 1; seed <= Number(seeds); seed++) {
    if (performance.now() > deadline) return { seeds: null, why: `not found in ${seed - 1} seeds and ${seconds} s` }
    const plan = drawPlan(raftSubject, seed)
    const { violation } = simulate(raftSubject, plan)
    if (violation === undefined) continue
    const began = performance.now()
    const enough = (): boolean => performance.now() > began + shrinkMs
    const shrunk = shrink(raftSubject, plan, violation.invariant, { enough })
    if (shrunk === undefined) throw new Error(`seed ${seed} does not fail again: the simulator is not deterministic`)
    return {
      seeds: seed,
      events: sizeOf(shrunk.plan),
      invariant: violation.invariant,
      runs: shrunk.runs,
      seconds: Math.round((performance.now() - began) / 100) / 10,
      plan: shrunk.plan,
    }
  }
  return { seeds: null, why: `not found in ${seeds} seeds` }
}

function report(found: Hunted): void {
  if (process.send === undefined) console.log(JSON.stringify({ mutant: mutant.name, ...found }, null, 1))
  else process.send(found)
}
