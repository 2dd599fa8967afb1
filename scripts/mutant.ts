import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** A bug put back in: other people's, or one of our own. The named test must fail with it. */
export interface Mutant {
  readonly name: string
  /** Where it is described: `mutants/<name>.txt`. */
  readonly file: string
  /** What the bug is, in a sentence. */
  readonly claim: string
  readonly module: string
  readonly test: string
  /** Exact text of the module, occurring once, and what takes its place. */
  readonly old: string
  readonly new: string
}

/** Those of the project, in the order of their names; each is checked as `readMutant` does. */
export function readMutants(): Mutant[] {
  return globSync('mutants/*.txt').toSorted().map(readMutant)
}

/**
 * Reads a mutant's file: `# what is wrong`, `module: …`, `test: …`, then the texts after `--- old` and `--- new`.
 * Throws when the text is not there exactly once: code that moved on takes its mutants along.
 */
export function readMutant(file: string): Mutant {
  const text = readFileSync(file, 'utf8')
  const name = file.replace(/^.*\//, '').replace(/\.txt$/, '')
  const found =
    /^# (?<claim>.+)\nmodule: (?<module>.+)\ntest: (?<test>.+)\n--- old\n(?<old>[^]+?)\n--- new\n(?<new>[^]*?)\n?$/.exec(
      text,
    )?.groups
  if (found === undefined)
    throw new Error(`${file} is not a mutant: expected "# claim", "module:", "test:", "--- old", "--- new"`)
  const { claim = '', module = '', test = '', old = '' } = found
  const mutant = { name, file, claim, module, test, old, new: found['new'] ?? '' }
  const times = readFileSync(resolve(module), 'utf8').split(old).length - 1
  if (times !== 1) throw new Error(`${file}: its old text occurs ${times} times in ${module}, not once`)
  return mutant
}
