import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** `npm run bench -- …`, without npm. */
function bench(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const program = join(import.meta.dirname, 'main.ts')
  return spawnSync(process.execPath, ['-C', '@synod/source', program, ...args], { encoding: 'utf8' })
}

test('a bench is asked for by name, and other names are refused with a list', () => {
  expect(bench('nothing')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/there is no nothing\n.*raft-vs-/s),
  })
  expect(bench('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('etcd') })
  expect(bench('explorer', '--fast')).toMatchObject({ status: 2, stderr: expect.stringContaining('has no options') })
})

test.each([
  [['raft-vs-multi-paxos', '--seeds', '0'], '--seeds is 0: expected a whole number above 0'],
  [['raft-vs-multi-paxos', '--only', 'speed'], '--only names speed: there are cost, outages'],
  [
    ['etcd', '--etcd', '/nowhere/etcd'],
    '--etcd is /nowhere/etcd: there is no such file, and it is none of built, debian',
  ],
  [['growth', '--series', 'sun'], '--series is sun: there are keys, value size, log, members, connections'],
  [['layers', '--rows', 'c3'], '--rows is c3: rows are put c1 m1, put c64 m1'],
  [['layers', '--functions', 'few'], '--functions is few: expected a whole number above 0'],
  [['stalls', '--puts', '0'], '--puts is 0: expected a whole number above 0'],
  [['stalls', '--put', '1'], "Unknown option '--put'"],
  [['etcd', '--rounds', 'many'], '--rounds is many: expected a whole number above 0'],
])('%j is wrong', (args, why) => {
  expect(bench(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(why) })
})
