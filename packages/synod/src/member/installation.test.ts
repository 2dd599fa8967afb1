import { expect, test } from 'vitest'
import { DiskError, Malformed, voting, type Halt } from '../core/index.ts'
import { Installation } from './installation.ts'

const snapshot = { index: 7, term: 1, membership: voting(['a']) }

test.each([
  { outcome: new Malformed('a piece does not have its checksum'), code: 'corrupt' },
  { outcome: new DiskError('unreadable', 'input/output error'), code: 'corrupt' },
  { outcome: new DiskError('io', 'no more files may be opened'), code: 'disk' },
])('a snapshot that was adopted and is $outcome.message now: $code', ({ outcome, code }) => {
  const halts: Halt[] = []
  const installation = new Installation({
    load: (_, done) => done(outcome),
    installed: () => undefined,
    halt: (reason) => void halts.push(reason),
  })
  installation.begin(snapshot)
  expect(halts).toMatchObject([{ code, cause: outcome }])
})
