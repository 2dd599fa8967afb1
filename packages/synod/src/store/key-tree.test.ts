import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyTree } from './key-tree.ts'

interface Key {
  readonly text: string
  exists: boolean
}

const aText = fc.oneof(
  fc.integer({ min: 0, max: 999 }).map((number) => `key${number}`),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 3 }),
)
const aBound = fc.option(aText, { nil: undefined })

/** Keys come and go in waves, so that nodes split and merge on every level. */
const aStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.array(aText, { maxLength: 300 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ addRun: fc.integer({ min: 0, max: 900 }), length: fc.integer({ min: 1, max: 900 }) }),
  },
  { weight: 2, arbitrary: fc.record({ delete: aBound, to: aBound }) },
  { weight: 3, arbitrary: fc.record({ remove: aBound, to: aBound }) },
  { weight: 2, arbitrary: fc.record({ count: aText, to: aBound, most: fc.integer({ min: 1, max: 50 }) }) },
)

class Checked {
  readonly tree = new KeyTree<Key>()
  readonly keys = new Map<string, Key>()

  put(text: string): void {
    const known = this.keys.get(text)
    if (known === undefined) {
      const key = { text, exists: true }
      this.keys.set(text, key)
      this.tree.insert(key)
    } else if (!known.exists) {
      known.exists = true
      this.tree.recount(text, 1)
    }
  }

  delete(text: string): void {
    const known = this.keys.get(text)
    if (known?.exists !== true) return
    known.exists = false
    this.tree.recount(text, -1)
  }

  remove(text: string): void {
    this.delete(text)
    this.tree.remove(text)
    this.keys.delete(text)
  }

  within(start: string, end: string | undefined): Key[] {
    const sorted = [...this.keys.values()].toSorted((a, b) => (a.text < b.text ? -1 : 1))
    return sorted.filter((key) => key.text >= start && (end === undefined || key.text < end))
  }
}

function expectOrdered(checked: Checked, start: string, end: string | undefined, most: number): void {
  const { tree } = checked
  const wanted = checked.within(start, end)
  const found: Key[] = []
  tree.scan(start, end, (key) => found.push(key) < most)
  expect(found.map((key) => key.text)).toEqual(wanted.slice(0, most).map((key) => key.text))
  const existing = wanted.filter((key) => key.exists)
  expect(tree.countBetween(start, end)).toBe(existing.length)
  const foundExisting: Key[] = []
  tree.scanExisting(start, end, (key) => foundExisting.push(key) < most)
  expect(foundExisting.map((key) => key.text)).toEqual(existing.slice(0, most).map((key) => key.text))
}

test('the tree orders and counts as a sorted array does', () => {
  fc.assert(
    fc.property(fc.array(aStep, { minLength: 1, maxLength: 14 }), (steps) => {
      const checked = new Checked()
      for (const step of steps) {
        if ('add' in step) for (const text of step.add) checked.put(text)
        else if ('addRun' in step)
          for (let i = 0; i < step.length; i++) checked.put(`key${String(step.addRun + i).padStart(4, '0')}`)
        else if ('delete' in step)
          for (const key of checked.within(step.delete ?? '', step.to)) checked.delete(key.text)
        else if ('remove' in step)
          for (const key of checked.within(step.remove ?? '', step.to)) checked.remove(key.text)
        else expectOrdered(checked, step.count, step.to, step.most)
        expectOrdered(checked, '', undefined, Infinity)
        expect(checked.tree.count).toBe(checked.within('', undefined).filter((key) => key.exists).length)
      }
    }),
    { numRuns: 60 },
  )
})

test('the first key that exists is found past any number of others that do not', () => {
  let looked = 0
  class Gone {
    readonly text: string
    private readonly alive: boolean
    there = true
    constructor(text: string, alive: boolean) {
      this.text = text
      this.alive = alive
    }
    get exists(): boolean {
      looked++
      return this.there || this.alive
    }
  }
  const tree = new KeyTree<Gone>()
  for (let i = 0; i < 20_000; i++) {
    const key = new Gone(String(i).padStart(6, '0'), i === 19_000)
    tree.insert(key)
    if (i === 19_000) continue
    key.there = false
    tree.recount(key.text, -1)
  }
  looked = 0
  const found: string[] = []
  tree.scanExisting('', undefined, (key) => found.push(key.text) < 1)
  expect(found).toEqual(['019000'])
  // Those of its own leaf.
  expect(looked).toBeLessThan(100)
})

test('thirty thousand keys come in any order and leave nothing behind', () => {
  const checked = new Checked()
  const total = 30_000
  for (let i = 0; i < total; i++) checked.put(`key${(i * 7919) % total}`)
  expect(checked.tree.countBetween('', undefined)).toBe(total)
  expect(checked.tree.countBetween('key5', 'key6')).toBe(1111)
  for (let i = 0; i < total; i++) checked.remove(`key${(i * 31) % total}`)
  expect(checked.tree.count).toBe(0)
  checked.tree.scan('', undefined, () => expect.fail('no key is left'))
})
