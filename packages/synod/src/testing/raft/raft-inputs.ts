import type { MembershipChange, NodeId } from '../../core/index.ts'
import type { Input } from '../../explorer/index.ts'
import type { Raft, RaftEnvironment } from '../../protocols/raft/index.ts'
import { commandNumbered, type AsksReads } from '../log-engine/engine-past.ts'

/** What clients and an administrator may ask for, each once, at any server. */
export interface RaftInputs {
  /** Commands. */
  readonly proposals: number
  readonly reads: number
  /** Which of `changes`; 0: none. */
  readonly change: number
  /** How often somebody takes a snapshot of all that it knows to be decided, and compacts what it covers. */
  readonly snapshots: number
}

/** Changes of the membership, by number from 1 on: each is some steps, and a step is what is asked for at once. */
export const changes: readonly {
  readonly what: string
  readonly steps: (nodes: readonly NodeId[]) => readonly (readonly MembershipChange[])[]
}[] = [
  { what: 'remove the last server', steps: (nodes) => [nodes.slice(-1).map(remove)] },
  { what: 'remove the first', steps: (nodes) => [nodes.slice(0, 1).map(remove)] },
  { what: 'remove the last two, one by one', steps: (nodes) => nodes.slice(-2).map((id) => [remove(id)]) },
  { what: 'remove all but the first at once', steps: (nodes) => [nodes.slice(1).map(remove)] },
  { what: 'the last becomes a learner', steps: (nodes) => [nodes.slice(-1).map(demote)] },
  { what: 'all but the first become learners at once', steps: (nodes) => [nodes.slice(1).map(demote)] },
]

function remove(id: NodeId): MembershipChange {
  return { type: 'remove', id }
}

function demote(id: NodeId): MembershipChange {
  return { type: 'demote', id }
}

export function raftInputs(
  nodes: readonly NodeId[],
  { proposals, reads, change, snapshots }: RaftInputs,
): readonly Input<Raft>[] {
  return [
    ...times(proposals, (i) => ({ name: `propose ${i}`, call: (raft) => void raft.propose(commandNumbered(i)) })),
    ...times(reads, (i) => ({ name: `read ${i}`, call: (raft) => read(raft, i) })),
    ...(changes[change - 1]?.steps(nodes) ?? []).map((step) => ({
      name: step.map(({ type, id }) => `${type} ${id}`).join(' and '),
      call: (raft: Raft) => void raft.change(step),
    })),
    ...times(snapshots, (i) => ({ name: `take snapshot ${i}`, call: takeSnapshot })),
  ]
}

function times(count: number, input: (number: number) => Input<Raft>): Input<Raft>[] {
  return Array.from({ length: count }, (_, i) => input(i + 1))
}

/** What was decided by now counts only where the read is taken. */
function read(raft: Raft, id: number): void {
  if (raft.state.role !== 'leader') return
  const env: RaftEnvironment & Partial<AsksReads> = raft.env
  env.asked?.(id)
  raft.read(id)
}

function takeSnapshot(raft: Raft): void {
  const { commitIndex, snapshot } = raft.state
  if (commitIndex > (snapshot?.index ?? 0)) raft.compact(raft.snapshotAt(commitIndex), commitIndex)
}
