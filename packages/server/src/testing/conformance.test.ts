import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Running } from './processes.ts'
import type { Ended } from './processes.ts'

// Goal: the command that counts says what it was asked, and fails where it must. Method: its process.

async function conformance(...args: readonly string[]): Promise<Ended> {
  const main = join(import.meta.dirname, 'conformance.ts')
  return new Running(process.execPath, ['-C', '@synod/source', main, ...args]).ended()
}

test('one scenario is asked of a real member, and each of its lines is counted', async () => {
  const { code, stdout, stderr } = await conformance('kv', '--scenario', 'delete')
  expect(stderr).toBe('')
  expect(stdout).toBe('kv: 16 passed, 0 failed, 0 not yet\n')
  expect(code).toBe(0)
})

test('a transcript or a scenario that does not exist is refused with those that do', async () => {
  expect(await conformance('kvs')).toMatchObject({ code: 2, stderr: expect.stringContaining('there are kv, txn') })
  expect(await conformance('kv', '--scenario', 'none')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no scenario of kv is called none'),
  })
  expect(await conformance('--nope')).toMatchObject({ code: 2, stderr: expect.stringContaining("'--nope'") })
  expect(await conformance('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('not yet') })
})
