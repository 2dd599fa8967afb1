import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { WrongOption } from './options.ts'

const scripts = join(import.meta.dirname, '..')

/** Where an etcd to compare with may come from, in the order in which it is tried. */
const sources = [
  { about: 'the newest, built by Go (bench/build-etcd)', script: 'build-etcd', name: 'built' },
  { about: "Debian's, unpacked into bench/.cache (bench/fetch-etcd)", script: 'fetch-etcd', name: 'debian' },
] as const

/** An etcd on this machine, and how it got there. */
export interface FoundEtcd {
  readonly path: string
  readonly from: string
}

/** What `--etcd` may say beside a path. */
export const etcdNames: readonly string[] = sources.map(({ name }) => name)

/**
 * The etcd that is asked for: a path, or the name of a source; without either, Debian's, which is what the bars are about, then one that Go
 * builds, then whatever is on the PATH. Throws `WrongOption`, saying what was tried, if there is none.
 */
export function findEtcd(asked: string | undefined): FoundEtcd {
  if (asked !== undefined && !etcdNames.includes(asked)) {
    if (!existsSync(asked))
      throw new WrongOption(`--etcd is ${asked}: there is no such file, and it is none of ${etcdNames.join(', ')}`)
    return { path: asked, from: 'named by --etcd' }
  }
  const tried: string[] = []
  const wanted = asked === undefined ? sources.toReversed() : sources.filter(({ name }) => name === asked)
  for (const { about, script } of wanted) {
    const made = spawnSync(join(scripts, script), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    if (made.status === 0) return { path: made.stdout.trim(), from: about }
    tried.push(`bench/${script}: ${(made.error?.message ?? made.stderr).trim().split('\n').at(-1) ?? ''}`)
  }
  if (asked === undefined) {
    const found = spawnSync('etcd', ['--version'], { encoding: 'utf8' })
    if (found.status === 0) return { path: 'etcd', from: 'on the PATH' }
    tried.push('there is no etcd on the PATH')
  }
  throw new WrongOption(`no etcd to compare with; name one with --etcd PATH:\n  ${tried.join('\n  ')}`)
}
