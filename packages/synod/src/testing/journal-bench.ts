import {
  crc32,
  random,
  seeded,
  type Command,
  type DiskError,
  type RandomState,
  type Reader,
  type Writer,
} from '../core/index.ts'
import { Journal, type Item, type JournalUnreadable, type Scan, type UnknownFormat } from '../journal/index.ts'
import { VirtualDisk, type DiskFaults } from '../simulator/index.ts'

/** A record is a number, or a command; a checkpoint is the number 0. */
export type Record = { readonly value: number; readonly command?: Command; readonly filler?: number }

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
export class Bench {
  readonly steps: (() => void)[] = []
  readonly random: RandomState = seeded(7)
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

  scan(journal: Journal<Record> = this.journal()): Scan<Record> {
    const outcome = this.outcome(journal)
    if (!('items' in outcome)) throw outcome
    return outcome
  }

  outcome(journal: Journal<Record> = this.journal()): Scan<Record> | JournalUnreadable | UnknownFormat | DiskError {
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

export function command(size: number, sequence = 1): Command {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + sequence) & 0xff)
  return { origin: 'a', sequence, checksum: crc32(bytes), bytes }
}

export function values(items: readonly Item<Record>[]): (number | string)[] {
  return items.flatMap((item): (number | string)[] => {
    if (item.type === 'hole') return ['hole']
    return item.type === 'records' ? item.records.map((record) => record.value).filter((value) => value !== 0) : []
  })
}

/** Appends each value in a flush of its own. */
export function write(bench: Bench, journal: Journal<Record>, from: number, to: number, size = 100): void {
  for (let value = from; value <= to; value++) {
    journal.append({ value, command: command(size, value) })
    bench.index = value
    journal.flush()
    bench.run()
  }
}
