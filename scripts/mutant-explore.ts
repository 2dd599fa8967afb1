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
 * in any order of one term with two elections and a crash, or three elections; and what takes entries of two terms.
 */
const bounds: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'a1-vote-before-durable': { elections: 2, crashes: 1, proposals: 0, 'late-disk': 1 },
  'a2-vote-not-persisted': { elections: 2, crashes: 1, proposals: 0 },
  'b-ack-before-durable': { elections: 1, proposals: 1, 'late-disk': 1 },
}
const maxStates = 1_000_000

const [file] = process.argv.slice(2)
process.exitCode = file === undefined ? all() : await one(file)

function all(): number {
  const self = fileURLToPath(import.meta.url)
  const failed = Object.keys(bounds).filter((name) => {
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
  const { explorableRaft } = await import('synod/testing')
  const usual = explorableRaft.parameters.map(({ name, fallback }) => [name, fallback] as const)
  const space = explorableRaft.space({ ...Object.fromEntries(usual), ...bounds[mutant.name] })
  const { states, findings } = search(space, { maxStates })
  const found = findings.find(({ kind }) => kind === 'always')
  const told = found === undefined ? 'not found' : `${found.path.length} events, ${found.property}: ${found.text}`
  console.log(`${found === undefined ? '✗' : '✓'} ${mutant.name}: ${told} (${states} states)`)
  return found === undefined ? 1 : 0
}
