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

test('what a failed sync was about passes for clean: no later sync saves it, as on Linux', () => {
  const { disk, later } = diskOf()
  const sync = (fails: boolean): void => {
    disk.faults.failsSync = () => fails
    disk.sync('file', () => undefined)
    later.shift()?.()
  }
  disk.write('file', 1, Uint8Array.of(2))
  sync(true)
  sync(false)
  expect(disk.files.get('file')?.bytes).toEqual(Uint8Array.of(1, 2))
  expect(synced(disk)).toEqual(new Uint8Array(0))
  disk.write('file', 0, Uint8Array.of(1, 2))
  sync(false)
  expect(synced(disk)).toEqual(Uint8Array.of(1, 2))
})

describe('a block that the disk does not give back', () => {
  const block = 4096

  /** Three blocks, of which the second cannot be read, and whether anybody has met that. */
  function spoiled(met: boolean): ReturnType<typeof diskOf> & { read: (offset: number, length: number) => unknown } {
    const made = diskOf()
    const { disk, later } = made
    disk.write('journal-1', 0, new Uint8Array(3 * block).fill(1))
    disk.sync('journal-1', () => undefined)
    disk.syncDirectory(() => undefined)
    for (const step of later.splice(0)) step()
    expect(disk.spoil('journal-1', block + 7)).toBe(true)
    const read = (offset: number, length: number): unknown => {
      let outcome: unknown
      disk.read('journal-1', offset, length, (found) => (outcome = found))
      later.shift()?.()
      return outcome
    }
    if (met) read(block, 1)
    return { ...made, read }
  }

  test('answers every read that meets it with an error, counts once, and leaves the others alone', () => {
    const { read, fired, disk } = spoiled(false)
    expect(disk.isDamaged).toBe(true)
    expect(fired).toEqual([])
    expect(read(0, 3 * block)).toMatchObject({ code: 'unreadable' })
    expect(read(2 * block - 1, 1)).toMatchObject({ code: 'unreadable' })
    expect(read(0, block)).toHaveLength(block)
    expect(read(2 * block, 2 * block)).toHaveLength(block)
    expect(fired).toEqual(['unreadable'])
  })

  test('can be read again when all of it was written over, and not before: a part of it would have to be read first', () => {
    const { read, disk } = spoiled(true)
    expect(disk.write('journal-1', block + 1, new Uint8Array(block))).toMatchObject({ code: 'io' })
    expect(read(block, 1)).toMatchObject({ code: 'unreadable' })
    expect(disk.write('journal-1', block - 1, new Uint8Array(block + 1).fill(2))).toBeUndefined()
    expect(read(block, 1)).toEqual(Uint8Array.of(2))
  })

  test('has nothing left of what it held, though what was written over it is lost with the power', () => {
    const { read, disk } = spoiled(true)
    disk.write('journal-1', block, new Uint8Array(block).fill(2))
    disk.loseData()
    expect([0, 2]).toContain((read(block, 1) as Uint8Array)[0])
  })

  test('does not refuse what goes astray and meets a part of it, and stays as it is', () => {
    const { read, disk } = spoiled(true)
    // None of the last few is behind the first sector.
    for (let i = 0; i < 5; i++) disk.write('journal-1', 0, Uint8Array.of(1))
    disk.faults.misdirects = [{ writes: 50, of: () => true }]
    for (let i = 0; i < 50; i++) expect(disk.write('journal-1', 0, Uint8Array.of(2))).toBeUndefined()
    expect(disk.faults.misdirects[0]?.writes).toBe(0)
    expect(read(block, 1)).toMatchObject({ code: 'unreadable' })
  })

  test('is whole again with the next write to a part of it, if nobody has met it: the page cache has the rest', () => {
    const { read, disk } = spoiled(false)
    expect(disk.write('journal-1', block + 1, Uint8Array.of(2))).toBeUndefined()
    expect(read(block, 3)).toEqual(Uint8Array.of(1, 2, 1))
  })
})

describe('a write that goes astray', () => {
  const sectors = 4

  /** Where a mark landed that should have gone to that sector, in files that are drawn again and again. */
  function landings(sector: number, length: number): Set<number> {
    const { disk, later } = diskOf()
    const found = new Set<number>()
    for (let round = 0; round < 100; round++) {
      const name = `file ${round}`
      disk.allocate(name, 512 * sectors, () => undefined)
      later.shift()?.()
      disk.faults.misdirects = [{ writes: 1, of: (one) => one === name }]
      disk.write(name, 512 * sector + 5, new Uint8Array(length).fill(1))
      const bytes = disk.files.get(name)?.bytes ?? new Uint8Array(0)
      expect(bytes).toHaveLength(512 * sectors)
      found.add((bytes.indexOf(1) - 5) / 512)
    }
    return found
  }

  test.each([
    { what: 'the first sector', sector: 0, length: 10, lands: [1, 2, 3] },
    { what: 'one in the middle', sector: 1, length: 10, lands: [0, 2, 3] },
    { what: 'the last sector', sector: 3, length: 10, lands: [0, 1, 2] },
    { what: 'more than a sector, where all of it has room', sector: 1, length: 600, lands: [0, 2] },
  ])('to $what lands in any other one of the file', ({ sector, length, lands }) => {
    expect(landings(sector, length)).toEqual(new Set(lands))
  })

  test('spares what was written last: nothing else tells that it ever was', () => {
    const { disk, later } = diskOf()
    for (let round = 0; round < 20; round++) {
      const name = `file ${round}`
      disk.allocate(name, 512 * 4, () => undefined)
      later.shift()?.()
      disk.faults.misdirects = []
      for (const sector of [0, 1]) disk.write(name, 512 * sector, Uint8Array.of(1))
      disk.faults.misdirects = [{ writes: 1, of: () => true }]
      disk.write(name, 512 * 2, Uint8Array.of(7))
      expect(disk.files.get(name)?.bytes.indexOf(7)).toBe(512 * 3)
    }
  })

  test('is witnessed by what is written after it was saved, to a file of its kind', () => {
    const { disk, later } = diskOf()
    const saved = (): void => {
      disk.sync('journal-1', () => undefined)
      later.shift()?.()
    }
    const write = (name = 'journal-1', misdirected = 0): void => {
      disk.faults.misdirects = [{ writes: misdirected, of: () => true }]
      disk.write(name, 0, Uint8Array.of(1))
    }
    disk.allocate('journal-1', 1024, () => undefined)
    later.shift()?.()
    write('journal-1', 1)
    write()
    expect(disk.unwitnessed).toEqual({ name: 'journal-1', saved: false })
    saved()
    write('snapshot-1')
    expect(disk.unwitnessed).toEqual({ name: 'journal-1', saved: true })
    write('journal-2')
    expect(disk.unwitnessed).toBeUndefined()
  })

  test('has nowhere else to go in a file of one sector, and waits for another write', () => {
    const { disk, fired } = diskOf()
    const misdirects = { writes: 1, of: () => true }
    disk.faults.misdirects = [misdirects]
    disk.write('short', 0, Uint8Array.of(1))
    expect(disk.files.get('short')?.bytes).toEqual(Uint8Array.of(1))
    expect([misdirects.writes, fired]).toEqual([1, []])
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
