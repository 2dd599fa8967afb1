import { spawnSync } from 'node:child_process'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readMutant } from './mutant.ts'

/**
 * Lets the explorer look for those mutants that are about the bare protocol and show within small bounds: `npm run
 * mutants:explorer`. Prints how many events the shortest way to each takes. Each is explored in a process of its own, which
 * is this file with the mutant's file and the bounds. Exits with 1 if one is not found.
 *
 * Not among them: a request for votes that leaves early (a1) and a vote that its leader erases (a3), of which nothing comes
 * in any order of one term with two elections and a crash, or three elections; what takes entries of two terms; and a liar that is
 * believed (ben-or-k3): it tosses the coin of whoever believes it, and that decides nothing.
 */
const worlds: Readonly<Record<string, World>> = {
  'a1-vote-before-durable': { model: 'raft', bounds: { elections: 2, crashes: 1, proposals: 0, 'late-disk': 1 } },
  'a2-vote-not-persisted': { model: 'raft', bounds: { elections: 2, crashes: 1, proposals: 0 } },
  'b-ack-before-durable': { model: 'raft', bounds: { elections: 1, proposals: 1, 'late-disk': 1 } },
  'ben-or-k3-lie-counts': { model: 'ben-or-byzantine', bounds: {} },
}

interface World {
  readonly model: 'raft' | 'ben-or-byzantine'
  readonly bounds: Readonly<Record<string, number>>
}

const maxStates = 1_000_000

const [file] = process.argv.slice(2)
process.exitCode = file === undefined ? all() : await one(file)

function all(): number {
  const self = fileURLToPath(import.meta.url)
  const failed = Object.keys(worlds).filter((name) => {
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
  const { explorableByzantineBenOr, explorableRaft } = await import('synod/testing')
  const { model: wanted = '', bounds = {} } = worlds[mutant.name] ?? {}
  const model = [explorableRaft, explorableByzantineBenOr].find(({ name }) => name === wanted)
  if (model === undefined) throw new Error(`nobody has said in which world to look for ${mutant.name}`)
  const usual = model.parameters.map(({ name, fallback }) => [name, fallback] as const)
  const space = model.space({ ...Object.fromEntries(usual), ...bounds })
  const { states, findings } = search(space, { maxStates })
  const found = findings.find(({ kind }) => kind === 'always')
  const told = found === undefined ? 'not found' : `${found.path.length} events, ${found.property}: ${found.text}`
  console.log(`${found === undefined ? '✗' : '✓'} ${mutant.name}: ${told} (${states} states)`)
  return found === undefined ? 1 : 0
}
