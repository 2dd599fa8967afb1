import { assert, present, type Index, type NodeId, type SnapshotId } from '../../core/index.ts'
import { lastIndex, membershipAt, positionOf, termAt } from './log.ts'
import type { InstallSnapshot } from './messages.ts'
import { hardState, record, type Replica } from './replica.ts'
import { advanceCommitIndex } from './replication.ts'

/** What a snapshot of everything decided up to `index` is called (§7): last included index and term, and the membership there. */
export function snapshotAt(raft: Replica, index: Index): SnapshotId {
  const { state } = raft
  assert(index <= state.commitIndex, 'only what is committed is in a snapshot (§7)')
  if (state.snapshot?.index === index) return state.snapshot
  const term = present(termAt(state, index), `entry ${index} is not compacted yet`)
  return { index, term, membership: membershipAt(state, index) }
}

/**
 * The snapshot is durable here; what it covers may go. A follower that is getting the snapshot before this one, and
 * answers, finds the log behind it still there (or it would be sent one snapshot after the other for ever); one that
 * is still at an older one goes over to the newest, which bounds what is kept.
 */
export function compact(raft: Replica, snapshot: SnapshotId, through: Index): void {
  const { state } = raft
  assert(
    snapshot.index <= state.commitIndex && through <= snapshot.index,
    'only what a snapshot covers is compacted (§7)',
  )
  if (snapshot.index < positionOf(state.snapshot).index) return
  let until = Math.max(through, state.compacted.index)
  for (const progress of Object.values(state.progress)) {
    if (progress.snapshot === undefined) continue
    if (!progress.recentActive || progress.snapshot.index !== state.snapshot?.index) progress.snapshot = snapshot
    until = Math.max(state.compacted.index, Math.min(until, progress.snapshot.index))
  }
  const term = present(termAt(state, until), `entry ${until} is not compacted yet`)
  record(raft, { type: 'snapshot', ...hardState(state), snapshot, through: { index: until, term } })
}

/** InstallSnapshot RPC, receiver (Figure 13); the sender is recognized as the leader, and the bytes are durable here. */
export function onInstallSnapshot(raft: Replica, { snapshot, term, round }: InstallSnapshot, from: NodeId): void {
  const { state, env } = raft
  assert(term === state.currentTerm && state.leader === from, 'snapshots come from the leader of the term')
  if (snapshot.index > state.commitIndex) {
    if (termAt(state, snapshot.index) === snapshot.term) {
      // The log has all of it: it only was not known to be committed.
      advanceCommitIndex(raft, snapshot.index)
    } else {
      record(raft, { type: 'snapshot', ...hardState(state), snapshot, through: positionOf(snapshot) })
      state.commitIndex = snapshot.index
      env.install(snapshot)
    }
  }
  state.verified = Math.max(state.verified, snapshot.index)
  assert(state.verified <= lastIndex(state), 'a snapshot, or the log, reaches what is verified')
  env.send(from, { type: 'appended', term, matchIndex: state.verified, rejection: undefined, round })
}
