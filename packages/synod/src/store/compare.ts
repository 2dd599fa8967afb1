import { interval, keyText } from './key-text.ts'
import type { KeyTree } from './key-tree.ts'
import { compareBytes } from './range.ts'
import type { Compare } from './requests.ts'
import { compareResults, compareTargets } from './requests.ts'
import type { Key, Place, RevisionLog } from './revisions.ts'

/** What a comparison needs of the store that it looks at. */
export interface Compared {
  readonly keys: ReadonlyMap<string, Key>
  readonly tree: KeyTree<Key>
  readonly log: RevisionLog
}

/** Over a range it must hold for every key; a range without keys is compared like one absent key. */
export function holds(store: Compared, compare: Compare): boolean {
  if (compare.rangeEnd.length === 0) {
    return holdsFor(compare, store.log, store.keys.get(keyText(compare.key))?.current ?? 0)
  }
  const { start, end } = interval(compare.key, compare.rangeEnd)
  let empty = true
  let all = true
  store.tree.scan(start, end, (key) => {
    if (!key.exists) return true
    empty = false
    all = holdsFor(compare, store.log, key.newest)
    return all
  })
  return empty ? holdsFor(compare, store.log, 0) : all
}

/** `place` is 0 for an absent key. */
function holdsFor(compare: Compare, log: RevisionLog, place: Place): boolean {
  // An absent key has no value, not even one that differs.
  if (compare.target === compareTargets.value && place === 0) return false
  const difference = differenceTo(compare, log, place)
  switch (compare.result) {
    case compareResults.equal:
      return difference === 0
    case compareResults.greater:
      return difference > 0
    case compareResults.less:
      return difference < 0
    case compareResults.notEqual:
      return difference !== 0
    default:
      return false
  }
}

/** Of the key to the operand; everything of an absent key is 0. */
function differenceTo({ target, operand }: Compare, log: RevisionLog, place: Place): number {
  const page = place === 0 ? undefined : log.pageOf(place)
  switch (target) {
    case compareTargets.version:
      return (page?.version(place) ?? 0) - numberIn(operand, 'version')
    case compareTargets.createRevision:
      return (page?.createRevision(place) ?? 0) - numberIn(operand, 'createRevision')
    case compareTargets.modRevision:
      return (page?.modRevision(place) ?? 0) - numberIn(operand, 'modRevision')
    case compareTargets.value:
      return compareBytes(page?.value(place) ?? noBytes, operand?.field === 'value' ? operand.bytes : noBytes)
    case compareTargets.lease: {
      const lease = page?.lease(place) ?? 0n
      const id = operand?.field === 'lease' ? operand.id : 0n
      return lease === id ? 0 : lease > id ? 1 : -1
    }
    default:
      return NaN
  }
}

/** A field that is not the target's counts as 0, as if it had not been sent. */
function numberIn(operand: Compare['operand'], field: 'version' | 'createRevision' | 'modRevision'): number {
  return operand !== undefined && 'number' in operand && operand.field === field ? operand.number : 0
}

const noBytes = new Uint8Array(0)
