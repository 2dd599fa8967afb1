import { expect, test } from 'vitest'
import { firstDifference, Trace, type TraceStep } from './index.ts'
import { traced } from './trace.ts'

// Goal: two runs are told apart by the first thing in which they differ, whatever that is. Method: traces by hand.

const nodes = ['a', 'b']

function steps(...events: Parameters<Trace['event']>[]): readonly TraceStep[] {
  const trace = new Trace(true)
  for (const event of events) trace.event(...event)
  return trace.steps ?? []
}

test('equal traces have no difference', () => {
  const run = () => steps([traced.start, 0, 0, 1], [traced.frame, 2.5, 1, 77])
  expect(firstDifference(run(), run(), nodes)).toBe(undefined)
})

test.each([
  ['another kind', [traced.alarm, 2.5, 1, 77], 'in the second an alarm rings at b at 2.5 ms'],
  ['another time', [traced.frame, 2.6, 1, 77], 'in the second a frame arrives at b at 2.6 ms'],
  ['another node', [traced.frame, 2.5, 0, 77], 'in the second a frame arrives at a at 2.5 ms'],
  ['other contents', [traced.frame, 2.5, 1, 78], 'in the second a frame arrives at b at 2.5 ms, with other contents'],
] as const)('%s is named', (_, other, said) => {
  const first = steps([traced.start, 0, 0, 1], [traced.frame, 2.5, 1, 77], [traced.end, 3, 1, 2])
  const second = steps([traced.start, 0, 0, 1], [...other], [traced.end, 3, 1, 2])
  expect(firstDifference(first, second, nodes)).toBe(
    `event 2 differs: in the first run a frame arrives at b at 2.5 ms, ${said}`,
  )
})

test('a run that ends earlier differs in its end', () => {
  const first = steps([traced.start, 0, 0, 1])
  const second = steps([traced.start, 0, 0, 1], [traced.answer, 4, 1, 0])
  expect(firstDifference(first, second, nodes)).toBe(
    'event 2 differs: in the first run nothing more happens, in the second a client is answered by b at 4 ms',
  )
})
