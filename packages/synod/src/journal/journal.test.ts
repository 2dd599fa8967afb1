import { describe, expect, it } from 'vitest'
import {
  crc32,
  present,
  random,
  seeded,
  type Command,
  type DiskError,
  type Reader,
  type Writer,
} from '../core/index.ts'
import { VirtualDisk, type DiskFaults } from '../simulator/index.ts'
import { fileOf, Journal, JournalUnreadable, UnknownFormat, type Item, type Scan } from './index.ts'

/** A record is a number, or a command; a checkpoint is the number 0. */
type Record = { readonly value: number; readonly command?: Command; readonly filler?: number }

const codec = {
  record(record: Record, out: Writer): void {
    out.u53(record.value)
    out.bytes(new Uint8Array(record.filler ?? 0))
    out.flag(record.command !== undefined)
    if (record.command !== undefined) out.command(record.command)
  },
  readRecord(input: Reader): Record {
    const value = input.u53()
    input.bytes()
    return input.flag() ? { value, command: input.command() } : { value }
  },
}

/** A disk without a world around it: what was asked for happens when the test says so. */
class Bench {
  readonly steps: (() => void)[] = []
  readonly random = seeded(7)
  readonly disk: VirtualDisk
  failures: DiskError[] = []
  rooms: string[] = []
  index = 0
  checkpoint: Record = { value: 0 }
  durable = 0

  constructor(faults: DiskFaults = {}) {
    this.disk = new VirtualDisk(
      {
        random: this.random,
        alive: () => true,
        happened: () => undefined,
        fault: () => undefined,
        schedule: (_, step) => void this.steps.push(step),
      },
      faults,
    )
  }

  run(): void {
    for (let step = this.steps.shift(); step !== undefined; step = this.steps.shift()) step()
  }

  journal(segmentBytes = 16_384): Journal<Record> {
    const options = { segmentBytes, checksum: crc32, random: () => random(this.random) }
    return new Journal<Record>(this.disk, codec, options, {
      checkpoint: () => ({ record: this.checkpoint, index: this.index }),
      durable: (count) => (this.durable = count),
      failed: (error) => this.failures.push(error),
      room: (state) => this.rooms.push(state),
    })
  }

  formatted(segmentBytes?: number): void {
    this.journal(segmentBytes).format({ value: 0 }, (error) => {
      if (error !== undefined) throw error
    })
    this.run()
  }

  opened(segmentBytes?: number): { journal: Journal<Record>; found: Scan<Record> } {
    const journal = this.journal(segmentBytes)
    const found = this.scan(journal)
    journal.begin(journal.epoch)
    this.run()
    return { journal, found }
  }

  scan(journal = this.journal()): Scan<Record> {
    const outcome = this.outcome(journal)
    if (!('items' in outcome)) throw outcome
    return outcome
  }

  outcome(journal = this.journal()): Scan<Record> | JournalUnreadable | UnknownFormat | DiskError {
    let outcome: Scan<Record> | JournalUnreadable | UnknownFormat | DiskError | undefined
    journal.open([...this.disk.files.keys()], (opened) => (outcome = opened))
    this.run()
    if (outcome === undefined) throw new Error('the journal did not open')
    return outcome
  }

  /** Loses power with everything that was asked of the disk undone. */
  powerCut(): void {
    this.steps.length = 0
    this.disk.loseData()
  }
}

function command(size: number, sequence = 1): Command {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + sequence) & 0xff)
  return { origin: 'a', sequence, checksum: crc32(bytes), bytes }
}

function values(items: readonly Item<Record>[]): (number | string)[] {
  return items.flatMap((item): (number | string)[] => {
    if (item.type === 'hole') return ['hole']
    return item.type === 'records' ? item.records.map((record) => record.value).filter((value) => value !== 0) : []
  })
}

/** Appends each value in a flush of its own. */
function write(bench: Bench, journal: Journal<Record>, from: number, to: number, size = 100): void {
  for (let value = from; value <= to; value++) {
    journal.append({ value, command: command(size, value) })
    bench.index = value
    journal.flush()
    bench.run()
  }
}

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

  it('refuses a format that it does not know, with both versions', () => {
    const bench = new Bench()
    bench.formatted()
    // A whole file of that version: neither head is of ours.
    bench.disk.corrupt(fileOf(1), 8)
    bench.disk.corrupt(fileOf(1), 16_384 - 4096 + 8)
    const outcome = bench.outcome()
    expect(outcome).toBeInstanceOf(UnknownFormat)
    expect(outcome).toHaveProperty('message', expect.stringMatching(/version 252.*version 3/))
  })

  it.each([0, 8, 30, 16_384 - 4096 + 30])(
    'reads a segment whole when one of its two heads is damaged, at byte %i: its records never pass for none',
    (byte) => {
      const bench = new Bench()
      bench.formatted()
      const { journal } = bench.opened()
      write(bench, journal, 1, 20)
      bench.disk.corrupt(fileOf(1), byte)
      expect(values(bench.scan().items).at(-1)).toBe(20)
      // The next opening makes both whole again, so that the other one may be damaged after it.
      const again = bench.opened()
      write(bench, again.journal, 21, 25)
      bench.disk.corrupt(fileOf(1), 30)
      expect(values(bench.scan().items).at(-1)).toBe(25)
    },
  )

  describe('a segment of which both heads are damaged, with others before it', () => {
    /** Flips a byte in each head of a segment. */
    const behead = (bench: Bench, id: number): void => {
      bench.disk.corrupt(fileOf(id), 30)
      bench.disk.corrupt(fileOf(id), 16_384 - 4096 + 30)
    }

    /** Ends a little after the beginning of its third segment. */
    const threeSegments = (bench: Bench, segmentBytes?: number): { journal: Journal<Record>; last: number } => {
      bench.formatted(segmentBytes)
      const { journal } = bench.opened(segmentBytes)
      let last = 0
      while (journal.segments.inUse.length < 3) write(bench, journal, ++last, last)
      write(bench, journal, last + 1, last + 4)
      return { journal, last: last + 4 }
    }
    const all = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)

    it.each([{ ids: [2] }, { ids: [3] }, { ids: [2, 3] }])('is read whole all the same: $ids', ({ ids }) => {
      const bench = new Bench()
      const { last } = threeSegments(bench)
      for (const id of ids) behead(bench, id)
      expect(values(bench.scan().items)).toEqual(all(last))
      // Its heads are made anew, and it is written on.
      const { journal } = bench.opened()
      write(bench, journal, last + 1, last + 5)
      expect(values(bench.scan().items)).toEqual(all(last + 5))
    })

    it('is read whole even if its head took more than 4,096 bytes', () => {
      const bench = new Bench()
      bench.checkpoint = { value: 0, filler: 5000 }
      const { last } = threeSegments(bench, 65_536)
      bench.disk.corrupt(fileOf(3), 30)
      bench.disk.corrupt(fileOf(3), 65_536 - 8192 + 30)
      expect(values(bench.scan().items)).toEqual(all(last))
      bench.checkpoint = { value: 0 }
      write(bench, bench.opened(65_536).journal, last + 1, last + 5)
      expect(values(bench.scan().items)).toEqual(all(last + 5))
    })

    it('shows as a hole if its first records are damaged too: what was synced is never missed without a word', () => {
      const bench = new Bench()
      const { last } = threeSegments(bench)
      behead(bench, 3)
      bench.disk.corrupt(fileOf(3), 4096, 8)
      const found = values(bench.scan().items)
      expect(found.filter((value) => value === 'hole')).toHaveLength(1)
      expect(found.at(-1)).toBe(last)
    })

    it('never becomes the first one, as it has no checkpoint to begin with', () => {
      const bench = new Bench()
      const { last } = threeSegments(bench)
      behead(bench, 2)
      const { journal } = bench.opened()
      bench.index = last
      write(bench, journal, last + 1, last + 300)
      // So much that the second segment would be the first.
      const [, , third] = journal.segments.inUse
      journal.cut(present(third, 'there are three segments').index - 1)
      bench.run()
      expect(journal.segments.inUse[0]?.id).toBe(1)
      journal.cut(present(third, 'there are three segments').index)
      bench.run()
      expect(journal.segments.inUse[0]?.id).toBe(3)
      expect(values(bench.scan().items).at(-1)).toBe(last + 300)
    })

    it('is not the first one either while it waits to be used again: the next start begins with the checkpoint behind it', () => {
      const bench = new Bench()
      bench.formatted()
      const { journal: first } = bench.opened()
      let last = 0
      const until = (journal: Journal<Record>, segments: number): void => {
        while (journal.segments.inUse.length < segments) write(bench, journal, ++last, last)
      }
      until(first, 2)
      behead(bench, 2)
      const { journal } = bench.opened()
      until(journal, 3)
      // The first segment becomes the next one; the second waits.
      journal.cut(present(journal.segments.inUse[2], 'there are three segments').index)
      bench.run()
      until(journal, 2)
      expect([...bench.disk.files.keys()].toSorted().slice(0, 2)).toEqual([fileOf(2), fileOf(3)])
      const { items, segments } = bench.scan()
      expect(items[0]?.type).toBe('checkpoint')
      expect(segments[0]?.id).toBe(3)
      expect(values(items).at(-1)).toBe(last)
      // It is not forgotten on the disk.
      const again = bench.opened().journal
      until(again, 4)
      expect([...bench.disk.files.keys()]).not.toContain(fileOf(2))
    })

    it('may have been torn while it was begun: what is left of it is cut or read, and never missed later', () => {
      for (let seed = 0; seed < 200; seed++) {
        const bench = new Bench()
        for (let i = 0; i < seed; i++) random(bench.random)
        bench.formatted()
        const { journal } = bench.opened()
        let last = 0
        while (journal.segments.inUse.length < 2) {
          journal.append({ value: ++last, command: command(100, last) })
          journal.flush()
          if (journal.segments.inUse.length < 2) bench.run()
        }
        bench.powerCut()
        const { found, journal: next } = bench.opened()
        const read = values(found.items)
        expect([all(last), all(last - 1)]).toContainEqual(read)
        write(bench, next, last + 1, last + 5)
        expect(values(bench.scan().items)).toEqual([...read, ...all(last + 5).slice(last)])
      }
    })
  })

  describe('a tail that was cut where the next segment begins', () => {
    /** Fills the first segment but for a small record, writes that, and ends with the power; `torn` is its byte that is lost. */
    const cutAtTheEnd = (bench: Bench, torn: number, more: (journal: Journal<Record>) => void): number => {
      bench.formatted()
      const { journal } = bench.opened()
      let last = 0
      // Nothing but the first segment is in use yet.
      const offset = (): number => 4096 + journal.position
      const left = (): number => 16_384 - 4096 - offset()
      while (left() > 400) write(bench, journal, ++last, last, left() > 1000 ? 100 : 8)
      const at = offset()
      more(journal)
      journal.append({ value: last + 1, command: command(20, last + 1) })
      journal.flush()
      bench.disk.sync(fileOf(1), () => undefined)
      bench.steps.at(-1)?.()
      bench.powerCut()
      bench.disk.corrupt(fileOf(1), at + torn)
      // What an opening writes has no room behind it.
      bench.checkpoint = { value: 0, filler: 600 }
      const opened = bench.opened()
      expect(values(opened.found.items)).toEqual(Array.from({ length: last }, (_, i) => i + 1))
      expect(opened.journal.segments.lastId).toBe(2)
      write(bench, opened.journal, 1000, 1002)
      return last
    }

    it('is no hole at the starts after the next one', () => {
      const bench = new Bench()
      const last = cutAtTheEnd(bench, 80, () => undefined)
      expect(values(bench.scan().items).slice(-4)).toEqual([last, 1000, 1001, 1002])
    })

    it('is never live again, though a part of it can be read', () => {
      const bench = new Bench()
      const last = cutAtTheEnd(bench, 8, (journal) => journal.mark())
      expect(values(bench.scan().items).slice(-4)).toEqual([last, 1000, 1001, 1002])
    })
  })

  it('is read whole when the file of a segment still begins with the head of an earlier one', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    const old = bench.disk.files.get(fileOf(1))?.bytes.slice(0, 4096) ?? new Uint8Array(0)
    let last = 0
    while (journal.segments.inUse.length < 3) write(bench, journal, ++last, last)
    journal.cut(last)
    bench.run()
    // It is the only one left.
    for (const id of [1, 2]) bench.disk.remove(fileOf(id), () => undefined)
    bench.disk.write(fileOf(3), 0, old)
    bench.run()
    expect(values(bench.scan().items).at(-1)).toBe(last)
  })

  it('takes two versions in one segment for damage, not for another program', () => {
    const bench = new Bench()
    bench.formatted()
    const { journal } = bench.opened()
    let last = 0
    while (journal.segments.inUse.length < 3) write(bench, journal, ++last, last)
    bench.disk.corrupt(fileOf(2), 8)
    bench.disk.corrupt(fileOf(2), 16_384 - 4096 + 30)
    expect(values(bench.scan().items)).toEqual(Array.from({ length: last }, (_, i) => i + 1))
  })

  it('cannot be opened without a readable head', () => {
    const bench = new Bench()
    bench.formatted()
    bench.disk.corrupt(fileOf(1), 30)
    bench.disk.corrupt(fileOf(1), 16_384 - 4096 + 30)
    expect(bench.outcome()).toBeInstanceOf(JournalUnreadable)
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
