import { describe, expect, test } from 'vitest'
import type { FaultName } from './faults.ts'
import { VirtualDisk } from './virtual-disk.ts'

// Goal: a disk keeps what was synced, and nothing that was not. Method: one disk without a world; what it does later is
// done by hand.

function diskOf(): { disk: VirtualDisk; later: (() => void)[]; fired: FaultName[] } {
  const later: (() => void)[] = []
  const fired: FaultName[] = []
  const disk = new VirtualDisk({
    alive: () => true,
    schedule: (_, step) => void later.push(step),
    happened: () => undefined,
    fault: (name) => void fired.push(name),
    random: { x: 1, y: 2, z: 3, w: 4 },
  })
  disk.write('file', 0, Uint8Array.of(1))
  disk.syncDirectory(() => undefined)
  later.shift()?.()
  return { disk, later, fired }
}

function synced(disk: VirtualDisk): Uint8Array | undefined {
  return (disk.files.get('file') as { readonly synced?: Uint8Array } | undefined)?.synced
}

describe('a sync', () => {
  test('saves what was written before it began, and no more, though another one ends in between', () => {
    const { disk, later } = diskOf()
    disk.sync('file', () => undefined)
    disk.write('file', 1, Uint8Array.of(2))
    disk.sync('file', () => undefined)
    disk.write('file', 2, Uint8Array.of(3))
    later.shift()?.()
    expect(synced(disk)).toEqual(Uint8Array.of(1))
    later.shift()?.()
    expect(synced(disk)).toEqual(Uint8Array.of(1, 2))
  })
})

describe('a loss of power', () => {
  test('counts what it did to sectors that were written, and to no others', () => {
    const { disk, later, fired } = diskOf()
    disk.sync('file', () => undefined)
    later.shift()?.()
    disk.loseData()
    expect(fired).toEqual([])
    for (let i = 0; i < 20; i++) disk.write('file', 512 * i, new Uint8Array(512).fill(i))
    disk.loseData()
    expect(fired.length).toBeGreaterThan(0)
    expect(fired.length).toBeLessThanOrEqual(20)
  })
})
