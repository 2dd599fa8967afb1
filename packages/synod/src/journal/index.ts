/**
 * The journal: a log of records on a disk that is handed in, with recovery that tells a torn tail from corruption.
 *
 * @module
 */
export { formatVersion, UnknownFormat } from './format.ts'
export type { SegmentFile, SegmentHead, Stretch } from './format.ts'
export { Journal, JournalUnreadable } from './journal.ts'
export type { JournalHolder, JournalOptions } from './journal.ts'
export { scan } from './recovery.ts'
export type { Item, Scan } from './recovery.ts'
export { fileOf, isSegment } from './segments.ts'
