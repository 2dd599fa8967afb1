import { describe, expect, it, vi } from 'vitest'
import { random } from '../core/index.ts'
import { Bench, command, values, write } from '../testing/journal-bench.ts'
import { fileOf } from './index.ts'

describe('a journal', () => {
  it('gives back what was appended, in order, over several segments', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 300)
    expect(journal.segments.inUse.length).toBeGreaterThan(2)
    expect(bench.durable).toBe(301)
    const found = bench.scan()
    expect(values(found.items)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
    expect(found.items.flatMap((item) => (item.type === 'records' ? item.records : [])).at(-1)?.command).toEqual(
      command(100, 300),
    )
  })

  it('loses nothing that was durable when the power goes, and cuts what was torn', () => {
    for (let seed = 0; seed < 50; seed++) {
      const bench = new Bench()
      for (let i = 0; i < seed; i++) random(bench.random)
      bench.formatted()
      const { journal } = bench.opened()
      write(bench, journal, 1, 20)
      journal.append({ value: 21, command: command(3000, 21) })
      journal.flush()
      bench.powerCut()
      const { found, journal: next } = bench.opened()
      expect(values(found.items).slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
      expect(values(found.items)).not.toContain('hole')
      // What was torn is never taken for live later on, although it still lies there.
      write(bench, next, 31, 33)
      bench.powerCut()
      const kept = values(bench.scan().items)
      expect(kept.filter((value) => Number(value) > 21)).toEqual([31, 32, 33])
    }
  })

  it('pitfall A7: a bad record before the tail is corruption, is reported, and is never cut', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 9)
    const file = fileOf(1)
    const bytes = bench.disk.files.get(file)?.bytes ?? new Uint8Array(0)
    // The command of the fifth record: its bytes are unlike all others.
    const at = indexOf(bytes, command(100, 5).bytes)
    bench.disk.corrupt(file, at + 50)
    expect(values(bench.scan().items)).toEqual([1, 2, 3, 4, 'hole', 6, 7, 8, 9])
  })

  it('pitfall A8: the last synced record, once marked, does not pass for a torn one', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 3)
    const bytes = bench.disk.files.get(fileOf(1))?.bytes ?? new Uint8Array(0)
    const at = indexOf(bytes, command(100, 3).bytes)
    journal.mark()
    bench.disk.corrupt(fileOf(1), at)
    expect(values(bench.scan().items)).toEqual([1, 2, 'hole'])
  })

  it('reports a segment that is missing in the middle, and reads on behind it', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 300)
    bench.disk.remove(fileOf(2), () => undefined)
    bench.run()
    const found = values(bench.scan().items)
    expect(found.filter((value) => value === 'hole')).toHaveLength(1)
    expect(found[0]).toBe(1)
    expect(found.at(-1)).toBe(300)
  })

  it('takes the hard state from the head of a segment behind a hole', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 300)
    bench.disk.corrupt(fileOf(1), 4096, 8000)
    const { items } = bench.scan()
    const hole = items.findIndex((item) => item.type === 'hole')
    expect(items.slice(hole).some((item) => item.type === 'records' && item.records[0]?.value === 0)).toBe(true)
  })

  it('uses the files of cut segments again, and never reads their old records', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    for (let round = 0; round < 20; round++) {
      write(bench, journal, round * 100 + 1, round * 100 + 100)
      journal.cut(round * 100 + 50)
      bench.run()
    }
    expect([...bench.disk.files.keys()].length).toBeLessThan(8)
    const found = values(bench.scan().items)
    expect(found).not.toContain('hole')
    expect(found.at(-1)).toBe(2000)
    expect(found).toEqual(Array.from({ length: found.length }, (_, i) => 2000 - found.length + 1 + i))
  })

  it('uses the same files round and round: none is made or removed while all that lies between two cuts fits in them', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    const made = vi.spyOn(bench.disk, 'allocate')
    const removed = vi.spyOn(bench.disk, 'remove')
    let last = 0
    for (const records of [150, 100, 150, 80, 150]) {
      write(bench, journal, last + 1, last + records)
      last += records
      journal.cut(last)
      bench.run()
      expect(journal.segments.inUse).toHaveLength(1)
    }
    expect(made.mock.calls.length).toBeLessThan(9)
    expect(removed).not.toHaveBeenCalled()
    made.mockClear()
    write(bench, journal, last + 1, last + 150)
    expect(made).not.toHaveBeenCalled()
    // a backlog is let go of again
    write(bench, journal, last + 151, last + 1500)
    journal.cut(last + 1500)
    bench.run()
    expect(bench.disk.files.size).toBe(8)
  })

  it('says that the disk is full when the next segment cannot be prepared, goes on within the reserve, and recovers', () => {
    const bench = new Bench({ capacity: 40_000 })
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 70)
    expect(bench.rooms).toEqual(['low'])
    expect(bench.failures).toEqual([])
    const durable = bench.durable
    write(bench, journal, 71, 75)
    expect(bench.durable).toBe(durable + 5)
    bench.disk.faults.capacity = 1_000_000
    journal.segments.maintain()
    bench.run()
    expect(bench.rooms).toEqual(['low', 'ready'])
    write(bench, journal, 76, 300)
    expect(values(bench.scan().items).at(-1)).toBe(300)
  })

  it('pitfall A5: after a failed sync nothing counts as durable any more, and nothing is written', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    write(bench, journal, 1, 3)
    const { durable } = bench
    bench.disk.faults.failsSync = () => true
    write(bench, journal, 4, 4)
    expect(bench.failures).toHaveLength(1)
    expect(bench.durable).toBe(durable)
    bench.disk.faults.failsSync = () => false
    write(bench, journal, 5, 6)
    expect(bench.durable).toBe(durable)
    expect(values(bench.scan().items)).not.toContain(5)
  })

  it('makes durable what the next life reads of a failed sync, though it passes for clean', () => {
    for (let seed = 0; seed < 50; seed++) {
      const bench = new Bench()
      for (let i = 0; i < seed; i++) random(bench.random)
      bench.formatted()
      const { journal } = bench.opened()
      write(bench, journal, 1, 3)
      bench.disk.faults.failsSync = () => true
      write(bench, journal, 4, 4)
      bench.disk.faults.failsSync = () => false
      const again = bench.opened()
      expect(values(again.found.items)).toEqual([1, 2, 3, 4])
      again.journal.mark()
      bench.powerCut()
      expect(values(bench.scan().items), `seed ${seed}`).toEqual([1, 2, 3, 4])
    }
  })

  it('grows its epoch with each opening that was made durable', () => {
    const bench = new Bench()
    bench.formatted()
    const epochs = [1, 2, 3].map(() => bench.opened().journal.epoch)
    expect(epochs).toEqual([1, 2, 3])
  })
})

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return at
  }
  throw new Error('the bytes are not there')
}
