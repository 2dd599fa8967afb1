import { expect, onTestFinished, test } from 'vitest'
import { Thread, ThreadDied } from './thread.ts'

// Goal: a thread that is slow is waited for, and one that hangs is not. Method: programs that answer after a second, for
// which nothing happens, or now and then something, and a patience of less.

const patience = 500

function threadOf(meanwhile: string): Thread {
  const program = `
    import { parentPort, workerData } from 'node:worker_threads'
    parentPort.on('message', () => {
      ${meanwhile}
      setTimeout(() => { parentPort.postMessage({ type: 'ran', result: 'an answer' }); parentPort.close() }, 1500)
    })`
  const thread = new Thread(new URL(`data:text/javascript,${encodeURIComponent(program)}`), data, patience)
  onTestFinished(async () => thread.stop())
  return thread
}

const data = { protocol: 'none', scenario: {} }

test('a thread in which something happens may take longer than the patience', async () => {
  const thread = threadOf('setInterval(() => Atomics.add(workerData.beats, 0, 1), 50).unref()')
  expect(await thread.run(1, false)).toBe('an answer')
})

test('a thread in which nothing happens hangs', async () => {
  const run = threadOf('').run(1, false)
  await expect(run).rejects.toThrow(new ThreadDied('nothing has happened in it for 0.5 s: it hangs'))
})
