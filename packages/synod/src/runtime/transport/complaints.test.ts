import { expect, test } from 'vitest'
import { Complaints } from './complaints.ts'

test('the same complaint is logged once in a period, ten in all, and the rest is counted', () => {
  const lines: string[] = []
  const nothing = (): void => {}
  const log = { debug: nothing, info: nothing, warn: (line: string) => void lines.push(line), error: nothing }
  const complaints = new Complaints(log)
  for (let i = 0; i < 5; i++) complaints.make('refused', { from: 'b' })
  complaints.make('refused', { from: 'c' })
  expect(lines).toEqual(['refused', 'refused'])
  for (let i = 0; i < 100; i++) complaints.make(`garbage ${i}`, { from: undefined })
  expect(lines.length).toBe(10)
  complaints.startAnew()
  expect(lines[10]).toBe('96 more complaints about connections to the peer address')
  complaints.make('refused', { from: 'b' })
  expect(lines.length).toBe(12)
  complaints.startAnew()
  expect(lines.length).toBe(12)
})
