import { assert, type Index, type SnapshotId } from '../../core/index.ts'
import { membershipAt } from './configuration.ts'
import { hardState } from './durable.ts'
import { positionOf, termThrough } from './log.ts'
import { record, type Replica } from './replica.ts'

/** What a snapshot of everything decided up to `index` is called: its slot and the state belong together ("Paxos Made Live", §5.5). */
export function snapshotAt({ state, options }: Replica, index: Index): SnapshotId {
  assert(index <= state.decided, 'only what is decided is in a snapshot')
  if (state.snapshot?.index === index) return state.snapshot
  return { index, term: termThrough(state, index), membership: membershipAt(state, index, options.alpha) }
}

/** The snapshot is durable here; what it covers may go. */
export function compact(paxos: Replica, snapshot: SnapshotId, through: Index): void {
  const { state } = paxos
  assert(snapshot.index <= state.decided && through <= snapshot.index, 'only what a snapshot covers is compacted')
  if (snapshot.index < positionOf(state.snapshot).index) return
  const until = Math.max(through, state.compacted)
  record(paxos, { type: 'snapshot', ...hardState(state), snapshot, through: until })
}
