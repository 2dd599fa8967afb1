/**
 * Records a history of a counter that somebody wrote in a hurry, and finds out that it forgets. The model is one of your
 * own; see docs/check-a-history.md.
 *
 *     npx node -C @synod/source examples/check-a-history.ts
 */
import { check, explain, Recorder, verdictText, type Model } from 'synod/history'

/** What one client alone would see: each increment answers one more. */
const counter: Model<'increment' | 'read', number, number> = {
  name: 'counter',
  initial: 0,
  step(count, operation, result) {
    const after = operation === 'increment' ? count + 1 : count
    return result === undefined || result === after ? after : undefined
  },
  encode: String,
  isPure: (operation) => operation === 'read',
  describe: (operation, result) => `${operation} → ${result ?? '?'}`,
}

/** The implementation: it reads, waits, and writes, so that two clients at once may count as one. */
class HastyCounter {
  private count = 0

  async increment(): Promise<number> {
    const seen = this.count
    await Promise.resolve()
    this.count = seen + 1
    return this.count
  }
}

const hasty = new HastyCounter()
const recorder = new Recorder<'increment' | 'read', number>('counter')
let clock = 0

async function client(name: string): Promise<void> {
  recorder.invoke(name, ++clock, 'increment')
  const count = await hasty.increment()
  recorder.ok(name, ++clock, count)
}

await client('alone')
await Promise.all([client('a'), client('b')])

const verdict = check(recorder.history(), counter, { milliseconds: 1000, clock: () => performance.now() })
const explanation = verdict.outcome === 'not-linearizable' ? explain(verdict, counter) : undefined
console.log(verdictText(verdict, counter, explanation))
