import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { readableLine } from './logging.ts'

test('what strangers say neither begins a line of the log nor steers the terminal', () => {
  const from = 'x\n10:00:00.000 error forged\u001b]0;title\u0007'
  const line = readableLine(JSON.stringify({ level: 40, time: 0, msg: `refused ${from}`, from })) ?? ''
  const shown = 'x\\u000a10:00:00.000 error forged\\u001b]0;title\\u0007'
  expect(stripVTControlCharacters(line)).toBe(`00:00:00.000 warn  refused ${shown} from=${shown}`)
})
