import { present } from '../core/index.ts'
import { interval, keyText } from './key-text.ts'
import type { KeyText } from './key-text.ts'
import type { RequestOp, TxnRequest } from './requests.ts'

/** One branch of a transaction. Only one of two `other`s runs, so what they change may be the same. */
class Branch {
  readonly parent: Branch | undefined
  other: Branch | undefined
  /** The changes in it and below it that touch the place where the sweep is. */
  touching = 0

  constructor(parent: Branch | undefined) {
    this.parent = parent
  }
}

/** Where the sweep meets a change. Intervals are half-open: a deletion does not touch the key at its end. */
interface Step {
  readonly at: KeyText
  readonly kind: 'end' | 'start' | 'put'
  readonly branch: Branch
}

/**
 * Would one transaction change a key twice, with a put among the changes? That is refused; deletions may overlap, and so
 * may changes of which only one can happen, being in the two branches of a transaction.
 *
 * A sweep over the keys in order, which keeps count of the changes that touch the present key in each branch: a put
 * stands alone when all others that touch it are in branches which exclude it. Takes n log n comparisons and n × depth
 * steps, whatever is sent.
 */
export function overlaps(txn: TxnRequest): boolean {
  const steps: Step[] = []
  const root = new Branch(undefined)
  collectTxn(txn, root, steps)
  steps.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  for (let from = 0; from < steps.length;) {
    const { at } = present(steps[from], 'the sweep stays within its steps')
    // All that begins and ends here is counted first.
    let through = from
    for (let step = steps[through]; step?.at === at; step = steps[++through]) {
      count(step.branch, step.kind === 'end' ? -1 : 1)
    }
    const here = steps.slice(from, through).filter((step) => step.kind === 'put')
    if (here.some((put) => root.touching - excluded(put.branch) > 1)) return true
    for (const put of here) count(put.branch, -1)
    from = through
  }
  return false
}

function count(branch: Branch, change: 1 | -1): void {
  for (let above: Branch | undefined = branch; above !== undefined; above = above.parent) above.touching += change
}

/** The changes touching the present key that do not happen when this branch is taken. */
function excluded(branch: Branch): number {
  let sum = 0
  for (let above: Branch | undefined = branch; above !== undefined; above = above.parent)
    sum += above.other?.touching ?? 0
  return sum
}

function collectTxn(txn: TxnRequest, parent: Branch, steps: Step[]): void {
  const success = new Branch(parent)
  const failure = new Branch(parent)
  success.other = failure
  failure.other = success
  for (const op of txn.success) collectOp(op, success, steps)
  for (const op of txn.failure) collectOp(op, failure, steps)
}

function collectOp(op: RequestOp, branch: Branch, steps: Step[]): void {
  if (op?.type === 'put') {
    steps.push({ at: keyText(op.key), kind: 'put', branch })
  } else if (op?.type === 'deleteRange') {
    const { start, end } = interval(op.key, op.rangeEnd)
    if (end !== undefined && end <= start) return
    steps.push({ at: start, kind: 'start', branch })
    if (end !== undefined) steps.push({ at: end, kind: 'end', branch })
  } else if (op?.type === 'txn') {
    collectTxn(op, branch, steps)
  }
}
