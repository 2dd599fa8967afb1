import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../testing/processes.ts'
import { UsageError } from './exit.ts'
import { NotText, readText } from './input.ts'

// Goal: what is read is what was written, or is refused with its place. Method: small files, whole and damaged.

function file(content: string | Uint8Array): string {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  const path = join(folder.path, 'text')
  writeFileSync(path, content)
  return path
}

describe('text', () => {
  test.each(['', 'plain', 'ä ö ü, €, 𝄞\n\u{10FFFF}', '\uFEFFwith a mark of its order', 'x'.repeat(3_000_000)])(
    'is read as it is',
    (text) => expect(readText(file(text))).toBe(text),
  )

  // Where the first character begins that is none.
  test.each([
    { what: 'latin1', bytes: [0x61, 0x0a, 0x62, 0xe4, 0x20], line: 2, byte: '0xe4', offset: 3 },
    { what: 'a character cut off by the end', bytes: [0xc3, 0xa4, 0xe2, 0x82], line: 1, byte: '0xe2', offset: 2 },
    { what: 'a character cut off by a line', bytes: [0xe2, 0x82, 0x0a], line: 1, byte: '0xe2', offset: 0 },
    { what: 'half a pair', bytes: [0x0a, 0x0a, 0xed, 0xa0, 0x80], line: 3, byte: '0xed', offset: 2 },
    { what: 'more bytes than are needed', bytes: [0xc0, 0xaf], line: 1, byte: '0xc0', offset: 0 },
    { what: 'a byte that continues nothing', bytes: [0x61, 0x80], line: 1, byte: '0x80', offset: 1 },
    { what: 'a byte that never occurs', bytes: [0x0a, 0xff, 0xfe], line: 2, byte: '0xff', offset: 1 },
  ])('that is no UTF-8 is refused: $what', ({ bytes, line, byte, offset }) => {
    const read = (): string => readText(file(Uint8Array.from(bytes)))
    expect(read).toThrow(NotText)
    expect(read).toThrow(`line ${line}: expected UTF-8, found the byte ${byte} at offset ${offset} of the file`)
  })
})

test('a directory is no text', () => {
  expect(() => readText(import.meta.dirname)).toThrow(UsageError)
  expect(() => readText(import.meta.dirname)).toThrow(/cannot be read: EISDIR/)
})
