import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MeteredDisk } from './metered-disk.ts'
import { NodeDisk } from './node-disk.ts'

let folder = ''
let disk: NodeDisk
let metered: MeteredDisk
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synod-metered-'))
  disk = new NodeDisk(folder, (call) => call())
  metered = new MeteredDisk(disk)
})
afterEach(async () => {
  await disk.close()
  rmSync(folder, { recursive: true })
})

const synced = async (name: string): Promise<unknown> => new Promise((resolve) => metered.sync(name, resolve))

test('writes and syncs of the journal are counted apart from those of other files', async () => {
  metered.write('journal-1', 0, new Uint8Array(100))
  metered.write('snapshot', 0, new Uint8Array(1000))
  await synced('journal-1')
  await synced('journal-1')
  await synced('snapshot')
  const count = ({ counts }: { counts: Float64Array }): number => counts.reduce((sum, one) => sum + one, 0)
  expect(metered.journalBytes).toBe(100)
  expect([metered.journalWrite, metered.journalSync, metered.otherSync].map(count)).toEqual([1, 2, 1])
  expect(metered.journalSync.sum).toBeGreaterThan(0)
})

test('what comes before each write to the journal, such as one to the peers, is no part of its time', () => {
  const long = 30
  let sizeBefore = -1
  const busy = new MeteredDisk(disk, () => {
    sizeBefore = existsSync(join(folder, 'journal-1')) ? statSync(join(folder, 'journal-1')).size : 0
    for (const began = performance.now(); performance.now() < began + long;);
  })
  busy.write('snapshot', 0, new Uint8Array(10))
  expect(sizeBefore).toBe(-1)
  busy.write('journal-1', 0, new Uint8Array(10))
  expect(sizeBefore).toBe(0)
  expect(busy.journalWrite.sum).toBeLessThan(long / 1000)
})

test('it is the disk behind it', async () => {
  await new Promise((resolve) => metered.allocate('a', 10, resolve))
  metered.write('a', 0, Uint8Array.of(1, 2))
  await new Promise((resolve) => metered.rename('a', 'b', resolve))
  expect(await new Promise((resolve) => metered.list(resolve))).toEqual(['b'])
  expect(await new Promise((resolve) => metered.size('b', resolve))).toBe(10)
  expect(await new Promise((resolve) => metered.read('b', 0, 2, resolve))).toEqual(new Uint8Array([1, 2]))
  await new Promise((resolve) => metered.remove('b', resolve))
  await new Promise((resolve) => metered.syncDirectory(resolve))
  expect(await new Promise((resolve) => metered.list(resolve))).toEqual([])
})
