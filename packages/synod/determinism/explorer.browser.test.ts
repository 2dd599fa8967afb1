import { expect, test } from 'vitest'
import { explored, type Explored } from './explorer-worker.ts'

// Goal: what is explored on a server is explored in the same way by a worker of a page, which goes on meanwhile. Method:
// the published numbers, and Raft's own as the page itself comes to them.

/** As pages have it; here only Node's types are known. */
declare const Worker: new (
  address: URL,
  options: { readonly type: 'module'; readonly name: string },
) => {
  addEventListener(type: 'message', listen: (event: { readonly data: Explored }) => void): void
  addEventListener(type: 'error', listen: (event: { readonly message: string }) => void): void
  terminate(): void
}

function asked(model: string): Promise<Explored> {
  const worker = new Worker(new URL('./explorer-worker.ts', import.meta.url), { type: 'module', name: model })
  return new Promise<Explored>((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data))
    worker.addEventListener('error', ({ message }) => reject(new Error(message)))
  }).finally(() => worker.terminate())
}

test('a worker comes to the published states', async () => {
  expect(await asked('paxos-register')).toEqual({ model: 'paxos-register', states: 16668, generated: 32971 })
})

test('a worker explores Raft as the page does', async () => {
  expect(await asked('raft')).toEqual(explored('raft'))
})
