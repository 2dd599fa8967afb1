import type { ServerProcess } from '../cluster.ts'
import { type KeyValue, paths, rangeRequest, readRange, readTxn, txnRequest } from '../etcd-api.ts'
import type { Revision } from './history.ts'
import { prefix } from './workload.ts'

/** etcd allows 128 operations in one transaction. */
const batch = 100
const inFlight = 16
const timeoutMs = 30_000

/**
 * Every revision that one member has, from the first change to `last`, as its own store shows it: what was put at each,
 * and, where fewer keys are left than were put, what was deleted.
 */
export async function readBack(member: ServerProcess, last: number): Promise<Revision[]> {
  const starts = Array.from({ length: Math.ceil((last - 1) / batch) }, (_, i) => 2 + i * batch)
  const answers: { readonly puts: readonly KeyValue[]; readonly count: number }[] = []
  await eachOf(starts, async (start) => {
    const revisions = Array.from({ length: Math.min(batch, last + 1 - start) }, (_, i) => start + i)
    const success = revisions.map((revision) => ({
      range: { key: prefix, prefix: true, revision, modRevision: revision, serializable: true },
    }))
    const { ranges } = readTxn(await member.endpoint.call(paths.txn, txnRequest({ success }), timeoutMs))
    for (const [i, { found, count }] of ranges.entries()) answers[start + i] = { puts: found, count }
  })
  const left = await keysAfterDeletions(member, last, answers)
  const present = new Set<string>()
  return Array.from({ length: last - 1 }, (_, i) => {
    const revision = i + 2
    const puts = answers[revision]?.puts ?? []
    for (const { key } of puts) present.add(key)
    const remaining = left.get(revision)
    const deleted = remaining === undefined ? [] : [...present].filter((key) => !remaining.has(key))
    for (const key of deleted) present.delete(key)
    return { revision, puts, deleted }
  })
}

/** For each revision that deleted something: the keys that it left. */
async function keysAfterDeletions(
  member: ServerProcess,
  last: number,
  answers: readonly { readonly puts: readonly KeyValue[]; readonly count: number }[],
): Promise<Map<number, ReadonlySet<string>>> {
  const left = new Map<number, ReadonlySet<string>>()
  const deleting: number[] = []
  let before = 0
  for (let revision = 2; revision <= last; revision++) {
    const { puts = [], count = 0 } = answers[revision] ?? {}
    const created = puts.filter(({ createRevision }) => createRevision === revision).length
    // a revision without puts changed something else, or is broken: its keys are looked at in any case
    if (before + created !== count || puts.length === 0) deleting.push(revision)
    before = count
  }
  await eachOf(deleting, async (revision) => {
    const request = rangeRequest({ key: prefix, prefix: true, revision, serializable: true })
    const { found } = readRange(await member.endpoint.call(paths.range, request, timeoutMs))
    left.set(revision, new Set(found.map(({ key }) => key)))
  })
  return left
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}
