import { spawnSync } from 'node:child_process'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readMutant } from './mutant.ts'

/**
 * Lets the explorer look for those mutants that are about the bare protocol and show within small bounds: `npm run
 * mutants:explorer`. Prints how many events the shortest way to each takes. Each is explored in a process of its own, which
 * is this file with the mutant's file. Exits with 1 if one is not found.
 *
 * Not among them, of Raft: a request for votes that leaves early (a1) and a vote that its leader erases (a3), of which nothing
 * comes in any order of one term with two elections and a crash, or three elections; and what takes entries of two terms. Of
 * Multi-Paxos: what costs progress alone (c5); a ballot that begins in a hole, which makes void what was not acknowledged (c3);
 * acceptances of any ballot (c6), which are dead by dead.ts; and what takes snapshots or changes of the membership (c8, c9).
 */
const hunts: Readonly<Record<string, { readonly model: string; readonly bounds: Readonly<Record<string, number>> }>> = {
  'a1-vote-before-durable': { model: 'raft', bounds: { elections: 2, crashes: 1, proposals: 0, 'late-disk': 1 } },
  'a2-vote-not-persisted': { model: 'raft', bounds: { elections: 2, crashes: 1, proposals: 0 } },
  'b-ack-before-durable': { model: 'raft', bounds: { elections: 1, proposals: 1, 'late-disk': 1 } },
  'c1-accept-below-the-promise': { model: 'multi-paxos', bounds: {} },
  'c1-accepted-before-durable': { model: 'multi-paxos', bounds: { ballots: 1, elections: 1, 'late-disk': 1 } },
  'c1-promise-before-durable': { model: 'multi-paxos', bounds: { ballots: 1, elections: 1, 'late-disk': 1 } },
  'c2-first-report-counts': { model: 'multi-paxos', bounds: { ballots: 3, elections: 3 } },
  'c3-phase-1-of-one-slot': { model: 'multi-paxos', bounds: { proposals: 1 } },
  'c4-ballot-heard-of-before-durable': {
    model: 'multi-paxos',
    bounds: { ballots: 1, proposals: 2, crashes: 1, 'late-disk': 1 },
  },
  'c4-round-used-again': { model: 'multi-paxos', bounds: { crashes: 1 } },
  'c6-learned-from-any-ballot': { model: 'multi-paxos', bounds: { rounds: 1 } },
  'c9-no-bound-on-open-slots': { model: 'multi-paxos', bounds: { ballots: 1, elections: 1, alpha: 1, proposals: 2 } },
}
const maxStates = 8_000_000

const [file] = process.argv.slice(2)
process.exitCode = file === undefined ? all() : await one(file)

function all(): number {
  const self = fileURLToPath(import.meta.url)
  const failed = Object.keys(hunts).filter((name) => {
    const args = ['-C', '@synod/source', self, `mutants/${name}.txt`]
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0
  })
  return failed.length === 0 ? 0 : 1
}

async function one(path: string): Promise<number> {
  const mutant = readMutant(path)
  const mutated = pathToFileURL(resolve(mutant.module)).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== mutated) return loaded
      const { source } = loaded
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined)
      return { ...loaded, source: text.replace(mutant.old, () => mutant.new) }
    },
  })
  // After the hook: what it is for must not be loaded before.
  const { search } = await import('synod/explorer')
  const { explorableMultiPaxos, explorableRaft } = await import('synod/testing')
  const { model: wanted, bounds } = hunts[mutant.name] ?? { model: 'raft', bounds: {} }
  const model = wanted === 'raft' ? explorableRaft : explorableMultiPaxos
  const usual = model.parameters.map(({ name, fallback }) => [name, fallback] as const)
  const space = model.space({ ...Object.fromEntries(usual), ...bounds })
  const { states, findings } = search(space, { maxStates })
  const found = findings.find(({ kind }) => kind === 'always')
  const told = found === undefined ? 'not found' : `${found.path.length} events, ${found.property}: ${found.text}`
  console.log(`${found === undefined ? '✗' : '✓'} ${mutant.name}: ${told} (${states} states)`)
  return found === undefined ? 1 : 0
}
