import { describe, expect, it } from 'vitest'
import { DiskError, random } from '../core/index.ts'
import { Bench, command, values, write, type Record } from '../testing/journal-bench.ts'
import { fileOf, JournalUnreadable, type Journal } from './index.ts'

// Goal: what the disk does not give back counts as lost, and as nothing more; it never passes for an end of the log.
// Method: single blocks of a virtual disk answer reads with an error, until they are written over as a whole.

const blockBytes = 4096
const segmentBytes = 65_536

function all(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1)
}

/** A segment with so many records, about 24 to a block. */
function written(last: number): { bench: Bench; journal: Journal<Record>; end: number } {
  const bench = new Bench()
  bench.formatted(segmentBytes)
  const { journal } = bench.opened(segmentBytes)
  write(bench, journal, 1, last)
  return { bench, journal, end: blockBytes + journal.position }
}

function spoil(bench: Bench, id: number, ...blocks: number[]): void {
  for (const block of blocks) bench.disk.spoil(fileOf(id), block * blockBytes)
}

function blockOf(offset: number): number {
  return Math.floor(offset / blockBytes)
}

/** The offsets of reads of the first segment from now on. */
function readsOf(bench: Bench): number[] {
  const reads: number[] = []
  const read = bench.disk.read.bind(bench.disk)
  bench.disk.read = (name, offset, length, done) => {
    if (name === fileOf(1)) reads.push(offset)
    read(name, offset, length, done)
  }
  return reads
}

describe('what the disk cannot read of a journal', () => {
  it('is known to 4,096 bytes, in few reads, and all the rest is read', () => {
    const { bench } = written(200)
    spoil(bench, 1, 3)
    const reads = readsOf(bench)
    const found = bench.scan()
    expect(found.unreadable).toEqual([{ file: fileOf(1), from: 3 * blockBytes, to: 4 * blockBytes }])
    const read = values(found.items)
    expect(read.filter((value) => value === 'hole')).toHaveLength(1)
    expect(read.length).toBeGreaterThan(170)
    expect(read.at(-1)).toBe(200)
    // Two for each halving of sixteen blocks, and the whole.
    expect(reads).toHaveLength(9)
    expect(reads.every((offset) => offset % blockBytes === 0)).toBe(true)
  })

  it('is one stretch where blocks are side by side, and none where all can be read', () => {
    const { bench } = written(200)
    expect(bench.scan().unreadable).toEqual([])
    spoil(bench, 1, 3, 4, 8)
    expect(bench.scan().unreadable.map(({ from, to }) => [from / blockBytes, to / blockBytes])).toEqual([
      [3, 5],
      [8, 9],
    ])
  })

  it('can be read again after the next opening, and the hole stays a hole', () => {
    const { bench } = written(200)
    spoil(bench, 1, 3)
    const { journal } = bench.opened(segmentBytes)
    write(bench, journal, 201, 205)
    expect(bench.failures).toEqual([])
    const found = bench.scan()
    expect(found.unreadable).toEqual([])
    expect(values(found.items).filter((value) => value === 'hole')).toHaveLength(1)
    expect(values(found.items).at(-1)).toBe(205)
  })

  it('is lost, and no end, where the last records stood and the mark behind them', () => {
    const { bench, journal, end } = written(200)
    journal.mark()
    spoil(bench, 1, blockOf(end - 1), blockOf(end + 200))
    const { found, journal: next } = bench.opened(segmentBytes)
    expect(values(found.items).at(-1)).toBe('hole')
    write(bench, next, 300, 305)
    expect(bench.failures).toEqual([])
    const again = bench.scan()
    expect(again.unreadable).toEqual([])
    expect(values(again.items).slice(-7)).toEqual(['hole', 300, 301, 302, 303, 304, 305])
  })

  it('is lost where nothing that can be read tells that anything was written there', () => {
    const { bench, end } = written(200)
    // Records go on to the very end of a block, for all that anybody knows.
    spoil(bench, 1, blockOf(end) + 3)
    expect(values(bench.scan().items)).toEqual([...all(200), 'hole'])
  })

  it('is never cut with what a loss of power has torn', () => {
    const { bench, journal, end } = written(200)
    journal.append({ value: 201, command: command(9000, 201) })
    journal.flush()
    spoil(bench, 1, blockOf(end) + 1)
    expect(values(bench.scan().items)).toEqual([...all(200), 'hole'])
  })

  it('is not forgotten by a loss of power while it is written over: zeros that can be read would pass for the end', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { bench, end } = written(100)
      for (let i = 0; i < seed; i++) random(bench.random)
      spoil(bench, 1, blockOf(end - 1))
      const journal = bench.journal(segmentBytes)
      bench.scan(journal)
      journal.begin(journal.epoch)
      for (let steps = 0; steps < seed % 8; steps++) bench.steps.shift()?.()
      bench.powerCut()
      expect(values(bench.scan().items).at(-1), `seed ${seed}`).toBe('hole')
    }
  })

  it('stops the member if it cannot be written over either', () => {
    const { bench } = written(200)
    spoil(bench, 1, 3)
    const put = bench.disk.write.bind(bench.disk)
    bench.disk.write = (name, offset, bytes) =>
      offset === 3 * blockBytes ? new DiskError('io', 'no sector is left') : put(name, offset, bytes)
    bench.opened(segmentBytes)
    expect(bench.failures).toMatchObject([{ code: 'io' }])
  })
})

describe('a head that the disk cannot read', () => {
  it.each([0, segmentBytes / blockBytes - 1])('costs nothing, and is written again: in block %i', (block) => {
    const { bench } = written(200)
    spoil(bench, 1, block)
    expect(values(bench.opened(segmentBytes).found.items)).toEqual(all(200))
    expect(bench.failures).toEqual([])
    spoil(bench, 1, block === 0 ? segmentBytes / blockBytes - 1 : 0)
    const found = bench.scan()
    expect(values(found.items)).toEqual(all(200))
    expect(found.unreadable).toHaveLength(1)
  })

  it('is written again in an older segment, too', () => {
    const { bench, journal } = written(200)
    let last = 200
    while (journal.segments.inUse.length < 3) write(bench, journal, ++last, last)
    spoil(bench, 1, 0)
    bench.opened(segmentBytes)
    // Without the one that was made whole there would be no checkpoint to begin with.
    spoil(bench, 1, segmentBytes / blockBytes - 1)
    expect(values(bench.scan().items)).toEqual(all(last))
  })

  it('and its copy, and the only records of the segment, are a hole: they were not never begun', () => {
    const { bench, journal } = written(200)
    let last = 200
    while (journal.segments.inUse.length < 2) write(bench, journal, ++last, last)
    write(bench, journal, last + 1, last + 5)
    spoil(bench, 2, 0, 1, segmentBytes / blockBytes - 1)
    const { found, journal: next } = bench.opened(segmentBytes)
    expect(values(found.items)).toEqual([...all(last - 1), 'hole'])
    write(bench, next, 1000, 1005)
    expect(bench.failures).toEqual([])
    const again = bench.scan()
    expect(again.unreadable).toEqual([])
    expect(values(again.items).slice(-7)).toEqual(['hole', 1000, 1001, 1002, 1003, 1004, 1005])
  })

  it('of the only segment, with its copy, leaves nothing to begin with: the disk is named as the cause', () => {
    const { bench } = written(5)
    spoil(bench, 1, 0, segmentBytes / blockBytes - 1)
    const outcome = bench.outcome()
    expect(outcome).toBeInstanceOf(JournalUnreadable)
    expect(outcome).toHaveProperty('cause.code', 'unreadable')
  })
})

// Whatever three blocks of its files cannot be read: nothing is missing without a hole in its place, at that start and at
// those after it, and what is written from then on is there.
it('a journal never misses anything without a word, whichever three of its blocks are bad', () => {
  const small = 16_384
  const blocks = [1, 2, 3, 4].flatMap((id) => [0, 1, 2, 3].map((block) => ({ id, block })))
  const pristine = new Bench()
  pristine.formatted()
  const { journal } = pristine.opened()
  let last = 0
  while (journal.segments.inUse.length < 3) write(pristine, journal, ++last, last, 400)
  write(pristine, journal, last + 1, last + 3, 400)
  last += 3
  const files = [...pristine.disk.files].map(([name, { bytes }]) => [name, bytes.slice()] as const)
  expect(files.map(([name]) => name).toSorted()).toEqual([1, 2, 3, 4].map(fileOf))

  const tell = (found: readonly (number | string)[], end: number): string[] => {
    let before: number | string = 0
    const missed: string[] = []
    for (const value of [...found, end + 1]) {
      if (value !== 'hole' && before !== 'hole' && value !== Number(before) + 1) missed.push(`${before}, ${value}`)
      before = value
    }
    return missed
  }
  for (const [i, first] of blocks.entries()) {
    for (const [j, second] of blocks.entries()) {
      for (const third of blocks.slice(j + 1)) {
        if (j <= i) continue
        const bad = [first, second, third]
        // Then it begins with the next one's checkpoint, and the engine sees that the log does not go with it.
        if ([0, 3].every((block) => bad.some((one) => one.id === 1 && one.block === block))) continue
        const bench = new Bench()
        for (const [name, bytes] of files) bench.disk.write(name, 0, bytes)
        for (const { id, block } of bad) bench.disk.spoil(fileOf(id), block * blockBytes)
        const name = bad.map(({ id, block }) => `${id}/${block}`).join(' ')
        const opened = bench.opened(small)
        const found = values(opened.found.items)
        expect(tell(found, last), name).toEqual([])
        write(bench, opened.journal, last + 1, last + 20, 400)
        expect(bench.failures, name).toEqual([])
        const again = bench.scan()
        expect(again.unreadable, name).toEqual([])
        expect(tell(values(again.items), last + 20), name).toEqual([])
        expect(values(again.items).slice(-20), name).toEqual(all(last + 20).slice(-20))
      }
    }
  }
})

describe('a file of the journal that is not in use', () => {
  it('is written over where the disk cannot read it, before records come to stand there', () => {
    const { bench, journal } = written(200)
    let last = 200
    while (journal.segments.inUse.length < 4) write(bench, journal, ++last, last)
    journal.cut(last)
    bench.run()
    const { journal: next } = bench.opened(segmentBytes)
    const inUse = new Set(next.segments.inUse.map(({ id }) => fileOf(id)))
    const others = [...bench.disk.files.keys()].filter((name) => !inUse.has(name))
    expect(others.length).toBeGreaterThan(0)
    for (const name of others) bench.disk.spoil(name, 5 * blockBytes)
    const opened = bench.opened(segmentBytes)
    expect(values(opened.found.items)).not.toContain('hole')
    write(bench, opened.journal, last + 1, last + 2000)
    expect(bench.failures).toEqual([])
    expect(values(bench.scan().items).at(-1)).toBe(last + 2000)
  })
})
