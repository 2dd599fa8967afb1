import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { News } from './news.ts'
import { endAll, type Node, start } from './testing/kit.ts'

const patience = { timeout: 10_000, interval: 5 }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const texts = (node: Node): string[] => node.listener.frames.map(({ bytes }) => new TextDecoder().decode(bytes))

afterEach(endAll)

/** Two nodes that are connected on every channel; news wait for so long. */
async function connected(newsDelay: number): Promise<{ a: Node; b: Node }> {
  const b = await start('b')
  const a = await start('a', { b: b.port }, { newsDelay })
  for (const channel of ['urgent', 'bulk'] as const) {
    await vi.waitFor(() => expect(a.transport.send('b', channel, [text('hello')])).toBe(true), patience)
  }
  await vi.waitFor(() => expect(texts(b)).toEqual(['hello', 'hello']), patience)
  b.listener.frames = []
  return { a, b }
}

test('news leave by themselves after a moment, and only the newest', async () => {
  const { a, b } = await connected(20)
  for (const news of ['one', 'two', 'three']) expect(a.transport.send('b', 'urgent', [text(news)], true)).toBe(true)
  await pause(2)
  expect(texts(b)).toEqual([])
  await vi.waitFor(() => expect(texts(b)).toEqual(['three']), patience)
})

test('news do not leave if entries do meanwhile; what is urgent changes nothing for them', async () => {
  const { a, b } = await connected(30)
  a.transport.send('b', 'urgent', [text('old news')], true)
  a.transport.send('b', 'bulk', [text('entries')])
  a.transport.send('b', 'urgent', [text('more news')], true)
  a.transport.send('b', 'urgent', [text('vote')])
  await vi.waitFor(() => expect(texts(b).toSorted()).toEqual(['entries', 'more news', 'vote']), patience)
  await pause(60)
  expect(texts(b)).toHaveLength(3)
})

test('news that come again and again are not put off for ever', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const left: string[] = []
  const news = new News(20, (to, _, frame) => left.push(`${to}: ${String(frame[0])}`))
  for (let ms = 0; ms < 100; ms += 4) {
    news.keep('b', 'urgent', [Uint8Array.of(ms)])
    vi.advanceTimersByTime(4)
  }
  news.close()
  vi.useRealTimers()
  expect(left).toEqual(['b: 16', 'b: 36', 'b: 56', 'b: 76', 'b: 96'])
})

test('the parts of news may be used again at once', async () => {
  const { a, b } = await connected(10)
  const part = text('before')
  a.transport.send('b', 'urgent', [part], true)
  part.set(text('after!'))
  await vi.waitFor(() => expect(texts(b)).toEqual(['before']), patience)
})

test('nobody is told anything after the end', async () => {
  const { a, b } = await connected(10)
  a.transport.send('b', 'urgent', [text('too late')], true)
  a.transport.destroy()
  await pause(30)
  expect(texts(b)).toEqual([])
})

test('what was sent may leave before the end of the turn', async () => {
  const { a, b } = await connected(10)
  a.transport.send('b', 'bulk', [text('entries')])
  a.transport.flush()
  expect(a.transport.queued('b', 'bulk')).toBe(0)
  await vi.waitFor(() => expect(texts(b)).toEqual(['entries']), patience)
})
