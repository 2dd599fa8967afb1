import { spawnSync } from 'node:child_process'
import type { Mutant } from './mutant.ts'
import { rooms } from './rooms.ts'

/** The command cannot be carried out as it was given; the message says why. */
export class WrongCommand extends Error {
  override readonly name = 'WrongCommand'
}

/** Those whose name contains one of `names`; all, if none is given. Throws `WrongCommand` for one that fits nothing. */
export function ofNames(mutants: readonly Mutant[], names: readonly string[]): readonly Mutant[] {
  const unknown = names.filter((name) => !mutants.some((mutant) => mutant.name.includes(name)))
  if (unknown.length > 0) throw new WrongCommand(`no mutant is called ${unknown.join(', ')}: see the folder mutants/`)
  return names.length === 0 ? mutants : mutants.filter((mutant) => names.some((name) => mutant.name.includes(name)))
}

/** Those whose module, test or own text may have changed with `files`, and always those of Raft. */
export function ofChangedRooms(mutants: readonly Mutant[], files: readonly string[]): readonly Mutant[] {
  if (files.some(isTooling)) return mutants
  const own = new Set(files)
  const changed = new Set(files.map(roomOf))
  return mutants.filter(
    ({ file, module, test }) =>
      own.has(file) || [module, test].some((path) => isOfRaft(path) || changed.has(roomOf(path))),
  )
}

/** What differs between this working tree and where its branch left `commit`, from the root of the project. */
export function changedFiles(commit: string): string[] {
  return [
    ...git('diff', '--name-only', '--relative', '--merge-base', commit, '--'),
    ...git('ls-files', '--others', '--exclude-standard'),
  ]
}

function git(...args: readonly string[]): string[] {
  const { status, stdout, stderr, error } = spawnSync('git', args, { encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new WrongCommand(`git ${args.join(' ')}: ${stderr.trim()}`)
  return stdout.split('\n').filter((line) => line !== '')
}

/** The room that a file of the library lies in, or the package. Documents and data at the root are in none. */
function roomOf(path: string): string {
  const [, place = '', room = ''] = /^(?:packages\/)?([a-z]+)\/(?:src\/([a-z]+)\/)?/.exec(path) ?? []
  return place === 'synod' && room in rooms ? room : `${place}/`
}

function isOfRaft(path: string): boolean {
  return path.startsWith('packages/synod/src/protocols/raft/')
}

/** What every run of a mutant depends on. */
function isTooling(path: string): boolean {
  return /^(scripts\/(mutant|tally)|vitest\.config|package-lock|tsconfig)/.test(path)
}
