import { crc32, Reader } from '../../packages/synod/src/core/index.ts'
import { UnknownFormat } from '../../packages/synod/src/journal/format.ts'
import { scan, type Scan, type SegmentFile } from '../../packages/synod/src/journal/index.ts'
import { Bench, write, type Record } from '../../packages/synod/src/testing/journal-bench.ts'
import { joined, mutate, type Draw } from './draw.ts'
import { check, type Target } from './target.ts'

const segmentBytes = 16_384

/** As the bench's own codec writes them. */
const codec = {
  readRecord(input: Reader): Record {
    const value = input.u53()
    input.bytes()
    return input.flag() ? { value, command: input.command() } : { value }
  },
}

/** Journals as members leave them: a few records, one segment nearly full, several segments. */
const benches = [3, 60, 400].map((records) => {
  const bench = new Bench()
  bench.formatted(segmentBytes)
  write(bench, bench.opened(segmentBytes).journal, 1, records)
  return { bench, files: [...bench.disk.files.values()].map(({ bytes }) => Uint8Array.from(bytes)), records }
})

/** The files of a journal one behind the other, before them the number of the journal; only some of them are damaged. */
export const journal: Target = {
  about: 'the recovery of a journal whose files were written over, cut short, or mixed up',
  input(draw) {
    const which = draw.below(benches.length)
    const files = benches[which]?.files ?? []
    return joined(Uint8Array.of(which), ...files.map((file) => damaged(draw, file, files)))
  },
  run(input) {
    const of = benches[(input[0] ?? 0) % benches.length]
    if (of === undefined) throw new Error('there is no such journal')
    const { bench, files, records } = of
    const segments: SegmentFile[] = []
    for (let at = 1; at < input.length; at += segmentBytes) {
      segments.push({ id: segments.length + 1, bytes: input.slice(at, at + segmentBytes), unreadable: [] })
    }
    checkScan(recovered(segments), records)
    // The same through a disk, where every file keeps its length.
    ;[...bench.disk.files.values()].forEach(({ bytes }, i) => {
      bytes.set(files[i] ?? [])
      const damage = segments[i]?.bytes
      if (damage?.length === bytes.length) bytes.set(damage)
    })
    const outcome = bench.outcome()
    if ('items' in outcome) checkScan(outcome, records)
  },
}

function recovered(segments: readonly SegmentFile[]): Scan<Record> | undefined {
  try {
    return scan(segments, codec, (bytes) => codec.readRecord(new Reader(bytes)), crc32)
  } catch (error) {
    if (error instanceof UnknownFormat) return undefined
    throw error
  }
}

function checkScan(found: Scan<Record> | undefined, records: number): void {
  if (found === undefined) return
  let before = 0
  for (const item of found.items) {
    if (item.type === 'hole') check(item.to >= item.from, 'a hole ends behind its beginning')
    if (item.type !== 'records') continue
    for (const { value } of item.records) {
      if (value === 0) continue
      check(value > before && value <= records, `records in order, not ${value} behind ${before}`)
      before = value
    }
  }
}

/** Most of a segment is zeros: the edits go to where its heads and its records are. */
function damaged(draw: Draw, file: Uint8Array, files: readonly Uint8Array[]): Uint8Array {
  if (draw.chance(0.5)) return file
  const from = draw.of([0, 0, 4096, 4096, file.length - 4096])
  const to = draw.chance(0.8) ? Math.min(file.length, from + 4096) : file.length
  const edited = mutate(draw, file.subarray(from, to), files)
  const whole = joined(file.subarray(0, from), edited, file.subarray(to))
  if (draw.chance(0.2)) return whole
  const same = new Uint8Array(file.length)
  same.set(whole.subarray(0, file.length))
  return same
}
