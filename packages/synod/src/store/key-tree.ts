import { assert, present } from '../core/index.ts'
import type { KeyText } from './key-text.ts'

/** What the tree orders. `exists` tells whether it counts: a deleted key stays for those who read the past. */
export interface TreeKey {
  readonly text: KeyText
  readonly exists: boolean
}

const leafSize = 64
const fanOut = 64

class Leaf<K extends TreeKey> {
  readonly keys: K[]
  /** How many of them exist. */
  count: number

  constructor(keys: K[]) {
    this.keys = keys
    this.count = 0
    for (const key of keys) if (key.exists) this.count++
  }
}

/** `bounds[i]` separates `children[i]`, all below it, from `children[i + 1]`, none below it. */
class Branch<K extends TreeKey> {
  readonly bounds: KeyText[]
  readonly children: Node<K>[]
  count: number

  constructor(bounds: KeyText[], children: Node<K>[]) {
    this.bounds = bounds
    this.children = children
    this.count = 0
    for (const child of children) this.count += child.count
  }
}

type Node<K extends TreeKey> = Leaf<K> | Branch<K>

/** A node that split: its right half, and what separates the two. */
interface Split<K extends TreeKey> {
  readonly bound: KeyText
  readonly right: Node<K>
}

/**
 * The keys in order: a B+ tree of which every node knows how many of its keys exist, so that the keys of an interval are
 * counted without visiting them.
 */
export class KeyTree<K extends TreeKey> {
  private root: Node<K> = new Leaf<K>([])

  /** The keys that exist. */
  get count(): number {
    return this.root.count
  }

  /** A key that is not in the tree yet, and exists. */
  insert(key: K): void {
    assert(key.exists, 'a key enters the tree by being put')
    const split = insertInto(this.root, key)
    if (split !== undefined) this.root = new Branch([split.bound], [this.root, split.right])
  }

  /** The key of the tree that has this text was created again (1) or deleted (-1). */
  recount(text: KeyText, change: 1 | -1): void {
    let node = this.root
    while (node instanceof Branch) {
      node.count += change
      node = childFor(node, text)
    }
    node.count += change
  }

  /** A key of the tree that does not exist leaves it. */
  remove(text: KeyText): void {
    removeFrom(this.root, text)
    while (this.root instanceof Branch && this.root.children.length === 1) {
      this.root = present(this.root.children[0], 'a branch has a child')
    }
  }

  /** How many keys of the interval exist. */
  countBetween(start: KeyText, end: KeyText | undefined): number {
    if (end === undefined) return this.count - this.countBelow(start)
    return end <= start ? 0 : this.countBelow(end) - this.countBelow(start)
  }

  private countBelow(text: KeyText): number {
    let below = 0
    let node = this.root
    while (node instanceof Branch) {
      const place = placeAfter(node.bounds, text)
      for (let i = 0; i < place; i++) below += node.children[i]?.count ?? 0
      node = present(node.children[place], 'every place of a branch has a child')
    }
    const place = placeIn(node.keys, text)
    for (let i = 0; i < place; i++) if (node.keys[i]?.exists === true) below++
    return below
  }

  /** In order, whether they exist or not, until `visit` answers false. The tree must not change meanwhile. */
  scan(start: KeyText, end: KeyText | undefined, visit: (key: K) => boolean): void {
    scanNode(this.root, start, end, visit, false)
  }

  /** Those that exist, in order, past any number of others: who takes the first of a queue meets all that were taken before. */
  scanExisting(start: KeyText, end: KeyText | undefined, visit: (key: K) => boolean): void {
    scanNode(this.root, start, end, (key) => !key.exists || visit(key), true)
  }
}

function childFor<K extends TreeKey>(branch: Branch<K>, text: KeyText): Node<K> {
  return present(branch.children[placeAfter(branch.bounds, text)], 'every place of a branch has a child')
}

/** The number of bounds that are not above `text`: the place of its child. */
function placeAfter(bounds: readonly KeyText[], text: KeyText): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (text < present(bounds[middle], 'a bound within its branch')) high = middle
    else low = middle + 1
  }
  return low
}

/** The number of keys below `text`. */
function placeIn(keys: readonly TreeKey[], text: KeyText): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (present(keys[middle], 'a key within its leaf').text < text) low = middle + 1
    else high = middle
  }
  return low
}

function insertInto<K extends TreeKey>(node: Node<K>, key: K): Split<K> | undefined {
  if (node instanceof Leaf) {
    const place = placeIn(node.keys, key.text)
    assert(node.keys[place]?.text !== key.text, 'a key is in the tree once')
    node.keys.splice(place, 0, key)
    node.count++
    return node.keys.length > leafSize ? splitLeaf(node, place) : undefined
  }
  node.count++
  const place = placeAfter(node.bounds, key.text)
  const split = insertInto(present(node.children[place], 'every place of a branch has a child'), key)
  if (split === undefined) return undefined
  node.bounds.splice(place, 0, split.bound)
  node.children.splice(place + 1, 0, split.right)
  return node.children.length > fanOut ? splitBranch(node, place + 1) : undefined
}

/** Keys that come in ascending order leave full nodes behind them, not half empty ones. */
function splitPoint(length: number, grownAt: number): number {
  return grownAt === length - 1 ? length - 1 : length >>> 1
}

function splitLeaf<K extends TreeKey>(leaf: Leaf<K>, grownAt: number): Split<K> {
  const right = new Leaf(leaf.keys.splice(splitPoint(leaf.keys.length, grownAt)))
  leaf.count -= right.count
  return { bound: present(right.keys[0], 'a split leaves keys on both sides').text, right }
}

function splitBranch<K extends TreeKey>(branch: Branch<K>, grownAt: number): Split<K> {
  const point = splitPoint(branch.children.length, grownAt)
  const children = branch.children.splice(point)
  const bounds = branch.bounds.splice(point)
  const right = new Branch(bounds, children)
  branch.count -= right.count
  return { bound: present(branch.bounds.pop(), 'a split leaves a bound between its sides'), right }
}

function removeFrom<K extends TreeKey>(node: Node<K>, text: KeyText): void {
  if (node instanceof Leaf) {
    const place = placeIn(node.keys, text)
    const key = node.keys[place]
    assert(key?.text === text && !key.exists, 'what leaves the tree was in it, and was deleted')
    node.keys.splice(place, 1)
    return
  }
  const place = placeAfter(node.bounds, text)
  removeFrom(present(node.children[place], 'every place of a branch has a child'), text)
  mergeAround(node, place)
}

function size<K extends TreeKey>(node: Node<K>): number {
  return node instanceof Leaf ? node.keys.length : node.children.length
}

/** A child that became small joins a neighbor when the two have room together, so that no two neighbors stay small. */
function mergeAround<K extends TreeKey>(branch: Branch<K>, place: number): void {
  const child = present(branch.children[place], 'every place of a branch has a child')
  if (size(child) > leafSize / 4) return
  if (place > 0 && join(branch, place - 1)) return
  if (place + 1 < branch.children.length) join(branch, place)
}

/** The child at `left` takes in the one to its right, unless the two would be nearly full. */
function join<K extends TreeKey>(branch: Branch<K>, left: number): boolean {
  const into = present(branch.children[left], 'a neighbor on the left')
  const from = present(branch.children[left + 1], 'a neighbor on the right')
  const empty = size(into) === 0 || size(from) === 0
  if (!empty && size(into) + size(from) > (leafSize * 3) / 4) return false
  const bound = present(branch.bounds[left], 'a bound between neighbors')
  if (into instanceof Leaf && from instanceof Leaf) {
    into.keys.push(...from.keys)
  } else if (into instanceof Branch && from instanceof Branch) {
    into.bounds.push(bound, ...from.bounds)
    into.children.push(...from.children)
  } else {
    assert(false, 'all leaves are equally far from the root')
  }
  into.count += from.count
  branch.bounds.splice(left, 1)
  branch.children.splice(left + 1, 1)
  return true
}

function scanNode<K extends TreeKey>(
  node: Node<K>,
  start: KeyText,
  end: KeyText | undefined,
  visit: (key: K) => boolean,
  existing: boolean,
): boolean {
  if (existing && node.count === 0) return true
  if (node instanceof Leaf) {
    for (let i = placeIn(node.keys, start); i < node.keys.length; i++) {
      const key = present(node.keys[i], 'a key within its leaf')
      if (end !== undefined && key.text >= end) return false
      if (!visit(key)) return false
    }
    return true
  }
  for (let i = placeAfter(node.bounds, start); i < node.children.length; i++) {
    if (!scanNode(present(node.children[i], 'every place of a branch has a child'), start, end, visit, existing))
      return false
  }
  return true
}
