import { describe, expect, it } from 'vitest'
import { present, random } from '../core/index.ts'
import { Bench, command, values, write, type Record } from '../testing/journal-bench.ts'
import { fileOf, JournalUnreadable, UnknownFormat, type Journal } from './index.ts'

describe('a damaged journal', () => {
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

  it('has its head written again where it is damaged, and only there', () => {
    const bench = new Bench()
    bench.formatted()
    write(bench, bench.opened().journal, 1, 20)
    const written: number[] = []
    const put = bench.disk.write.bind(bench.disk)
    bench.disk.write = (name, offset, bytes) => {
      written.push(offset)
      return put(name, offset, bytes)
    }
    bench.opened()
    expect(written.filter((offset) => offset < 4096 || offset >= 16_384 - 4096)).toEqual([])
    bench.disk.corrupt(fileOf(1), 16_384 - 4096 + 30)
    bench.opened()
    expect(written.filter((offset) => offset < 4096 || offset >= 16_384 - 4096)).toEqual([0, 16_384 - 4096])
  })

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
    const cutAtTheEnd = (bench: Bench, torn: number): number => {
      bench.formatted()
      const { journal } = bench.opened()
      let last = 0
      // Nothing but the first segment is in use yet.
      const offset = (): number => 4096 + journal.position
      const left = (): number => 16_384 - 4096 - offset()
      while (left() > 400) write(bench, journal, ++last, last, left() > 1000 ? 100 : 8)
      const at = offset()
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
      const last = cutAtTheEnd(bench, 80)
      expect(values(bench.scan().items).slice(-4)).toEqual([last, 1000, 1001, 1002])
    })
  })

  describe('a mark that is lost, as only damage or a loss of power leaves it', () => {
    /** Five flushes, a mark, and one more flush that was synced; answers where the mark and the last flush stand. */
    const markedAndWritten = (bench: Bench): { mark: number; flush: number; journal: Journal<Record> } => {
      bench.formatted()
      const { journal } = bench.opened()
      write(bench, journal, 1, 5)
      const mark = 4096 + journal.position
      journal.mark()
      const flush = 4096 + journal.position
      write(bench, journal, 6, 6)
      return { mark, flush, journal }
    }

    it('takes nothing with it: what was written behind it may have been relied on', () => {
      const bench = new Bench()
      const { mark } = markedAndWritten(bench)
      bench.disk.corrupt(fileOf(1), mark)
      expect(values(bench.scan().items)).toEqual([1, 2, 3, 4, 5, 6])
      // Nor does it pass for a hole later, when all of that is known to be synced.
      const { journal } = bench.opened()
      write(bench, journal, 7, 8)
      journal.mark()
      expect(values(bench.scan().items)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    })

    it('goes with the flush behind it when that was torn as well, and the next opening writes where it stood', () => {
      const bench = new Bench()
      const { mark, journal } = markedAndWritten(bench)
      bench.disk.corrupt(fileOf(1), mark)
      // Of the flush the last bytes of a command alone.
      bench.disk.corrupt(fileOf(1), 4096 + journal.position - 12)
      const again = bench.opened()
      expect(values(again.found.items)).toEqual([1, 2, 3, 4, 5])
      expect(4096 + again.found.position).toBe(mark)
      write(bench, again.journal, 7, 8)
      expect(values(bench.scan().items)).toEqual([1, 2, 3, 4, 5, 7, 8])
    })

    it('is not what is missing before the first record of an opening, which knows less of what was there', () => {
      const bench = new Bench()
      const { flush } = markedAndWritten(bench)
      write(bench, bench.opened().journal, 7, 7)
      bench.disk.corrupt(fileOf(1), flush)
      expect(values(bench.scan().items)).toEqual([1, 2, 3, 4, 5, 'hole', 7])
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
})
