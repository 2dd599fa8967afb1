import { expect, test } from 'vitest'
import type { NodeId } from '../core/index.ts'
import { News } from './news.ts'

/** News over a clock that the test moves. */
class Teller {
  readonly left: string[] = []
  private readonly news = new News<string>({
    delay: 5,
    now: () => this.time,
    later: (delay) => (this.dueAt ??= this.time + delay),
    saysAsMuch: (message) => message.startsWith('entries'),
    transmit: (to, message) => {
      if (!this.full.has(to)) this.left.push(`${to}: ${message}`)
      return !this.full.has(to)
    },
  })
  /** Links to these drop everything. */
  readonly full = new Set<NodeId>()
  private time = 0
  private dueAt: number | undefined

  tell(to: NodeId, message: string): void {
    this.news.send(to, message, true)
  }

  send(to: NodeId, message: string): void {
    this.news.send(to, message, false)
  }

  pass(milliseconds: number): void {
    for (const end = this.time + milliseconds; this.time < end;) {
      this.time++
      if (this.dueAt === undefined || this.dueAt > this.time) continue
      this.dueAt = undefined
      this.news.due()
    }
  }
}

test('news leave by themselves after a moment, and only the newest', () => {
  const teller = new Teller()
  for (const news of ['one', 'two', 'three']) teller.tell('b', news)
  teller.pass(4)
  expect(teller.left).toEqual([])
  teller.pass(100)
  expect(teller.left).toEqual(['b: three'])
})

test('news do not leave if entries do meanwhile, to the same peer', () => {
  const teller = new Teller()
  teller.tell('b', 'news')
  teller.tell('c', 'news')
  teller.send('b', 'entries')
  teller.pass(100)
  expect(teller.left).toEqual(['b: entries', 'c: news'])
})

test('what says less than the news changes nothing for them', () => {
  const teller = new Teller()
  teller.tell('b', 'news')
  teller.send('b', 'vote')
  teller.pass(100)
  expect(teller.left).toEqual(['b: vote', 'b: news'])
})

test('news that come again and again are not put off for ever', () => {
  const teller = new Teller()
  for (let i = 0; i < 20; i++) {
    teller.tell('b', `news ${i}`)
    teller.pass(2)
  }
  expect(teller.left.length).toBeGreaterThan(4)
})

test('each peer hears in time, whenever the others were told', () => {
  const teller = new Teller()
  teller.tell('b', 'news')
  teller.pass(4)
  teller.tell('c', 'news')
  teller.pass(2)
  expect(teller.left).toEqual(['b: news'])
  teller.pass(3)
  expect(teller.left).toEqual(['b: news', 'c: news'])
})

test('entries that the links drop say nothing', () => {
  const teller = new Teller()
  teller.tell('b', 'news')
  teller.full.add('b')
  teller.send('b', 'entries')
  teller.full.clear()
  teller.pass(5)
  expect(teller.left).toEqual(['b: news'])
})
