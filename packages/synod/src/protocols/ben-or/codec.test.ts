import { expect, test } from 'vitest'
import { Malformed, Reader, Writer } from '../../core/index.ts'
import { benOrCodec } from './codec.ts'
import type { Durable, Message } from './messages.ts'

// Goal: what is written is read again, and bytes that are nothing of ours are `Malformed`.
const records: Durable[] = [
  { type: 'report', round: 1, value: 0 },
  { type: 'proposal', round: 2 ** 40, value: '?' },
  { type: 'proposal', round: 2, value: 1 },
  { type: 'confirmation', round: 3, value: '?' },
  { type: 'decided', round: 4, value: 1 },
]
const messages: Message[] = [...records, { type: 'missing', round: 5 }]

function bytesOf(message: Message): Uint8Array {
  const out = new Writer()
  benOrCodec.message(message, out)
  return out.control.slice(0, out.length)
}

test('messages and records come back as they were', () => {
  for (const message of messages) expect(benOrCodec.readMessage(new Reader(bytesOf(message)))).toEqual(message)
  for (const record of records) expect(benOrCodec.readRecord(new Reader(bytesOf(record)))).toEqual(record)
})

test('other bytes are malformed', () => {
  const read = (bytes: Uint8Array): unknown => benOrCodec.readMessage(new Reader(bytes))
  const changed = (message: Message, at: number, byte: number): Uint8Array => {
    const bytes = bytesOf(message)
    bytes[at] = byte
    return bytes
  }
  const report: Message = { type: 'report', round: 1, value: 0 }
  expect(() => read(changed(report, 0, 9))).toThrow(Malformed)
  expect(() => read(changed(report, 1, 0))).toThrow('no round 0')
  expect(() => read(changed(report, 9, 2))).toThrow('2 is no bit')
  expect(() => read(bytesOf(report).slice(0, 5))).toThrow(Malformed)
  expect(() => benOrCodec.readRecord(new Reader(bytesOf({ type: 'missing', round: 1 })))).toThrow(Malformed)
})
