import { isJoint, type Index, type Membership, type NodeId } from '../../core/index.ts'
import type { RaftNode, WatchedState } from '../../protocols/raft/index.ts'
import type { Situation } from '../../simulator/index.ts'

/** What is remembered of a node between two events. */
interface Before {
  incarnation: number
  role: WatchedState['role']
  last: Index
  commitIndex: Index
  compacted: Index
  repairing: boolean
}

/** Something that can be told from a node before an event and after it, in one life. */
function between(name: string, happened: (before: Before, state: WatchedState) => boolean): Situation<RaftNode> {
  return {
    name,
    watch: () => {
      const seen = new Map<NodeId, Before>()
      return ({ id, state, incarnation }) => {
        const before = seen.get(id)
        if (before === undefined) {
          seen.set(id, remembered(state, incarnation))
          return false
        }
        const did = before.incarnation === incarnation && happened(before, state)
        remember(before, state, incarnation)
        return did
      }
    },
  }
}

function remembered(state: WatchedState, incarnation: number): Before {
  const before = { incarnation, role: state.role, last: 0, commitIndex: 0, compacted: 0, repairing: false }
  remember(before, state, incarnation)
  return before
}

/** In place: this is done after every event. */
function remember(before: Before, state: WatchedState, incarnation: number): void {
  before.incarnation = incarnation
  before.role = state.role
  before.last = state.compacted.index + state.log.length
  before.commitIndex = state.commitIndex
  before.compacted = state.compacted.index
  before.repairing = state.repair !== undefined
}

function now(name: string, is: (node: RaftNode, nodes: readonly RaftNode[]) => boolean): Situation<RaftNode> {
  return { name, watch: () => is }
}

/** What a campaign over Raft must have come through: if none of its runs reached one of these, it was too tame. */
export const raftSituations: readonly Situation<RaftNode>[] = [
  between('a leader was deposed', ({ role }, { role: after }) => role === 'leader' && after !== 'leader'),
  now('two led at once, in different terms', ({ state }, nodes) => {
    return (
      state.role === 'leader' &&
      nodes.some((other) => other.state.role === 'leader' && other.state.currentTerm !== state.currentTerm)
    )
  }),
  now('two campaigned in one term', ({ state }, nodes) => {
    return (
      state.role === 'candidate' &&
      nodes.filter((other) => other.state.role === 'candidate' && other.state.currentTerm === state.currentTerm)
        .length > 1
    )
  }),
  between(
    'a follower cut off what a deposed leader had sent it',
    ({ last }, { compacted, log }) => compacted.index + log.length < last,
  ),
  between(
    'an entry of an older term was committed by one of the own (Figure 8)',
    ({ commitIndex, role, compacted }, state) => {
      if (role !== 'leader' || state.role !== 'leader' || state.commitIndex <= commitIndex) return false
      if (compacted !== state.compacted.index) return false
      const first = state.log[commitIndex - state.compacted.index]
      return first !== undefined && first.term < state.currentTerm
    },
  ),
  now('a leader offered a snapshot', ({ state }) => {
    for (const id in state.progress) if (state.progress[id]?.mode === 'snapshot') return true
    return false
  }),
  between('a snapshot replaced a log', ({ last }, { compacted }) => compacted.index > last),
  between('a log was compacted', ({ compacted }, state) => state.compacted.index > compacted),
  now('a read waited for a quorum', ({ state }) => state.reads.length > 0),
  now('leadership was handed over', ({ state }) => state.transfer !== undefined),
  now('a hole was found in a log', ({ state }) => state.repair !== undefined),
  between('a hole was repaired by the peers', ({ repairing }, { repair }) => repairing && repair === undefined),
  now('a restart found a log', ({ state, incarnation }) => incarnation > 1 && state.log.length > 0),
]

/** The newest membership of a node, and the one before it, if it still knows that one. */
function lastTwo({ memberships }: WatchedState): readonly [Membership | undefined, Membership | undefined] {
  return [memberships.at(-1)?.membership, memberships.at(-2)?.membership]
}

/** What runs in which an administrator changes the membership must have come through, too. */
export const membershipSituations: readonly Situation<RaftNode>[] = [
  now('a joint phase was entered', ({ state }) => {
    const [newest] = lastTwo(state)
    return newest !== undefined && isJoint(newest)
  }),
  now('a joint phase was left by another leader than it was entered by', ({ state }) => {
    const [newest, before] = lastTwo(state)
    if (state.role !== 'leader' || newest === undefined || before === undefined) return false
    if (isJoint(newest) || !isJoint(before)) return false
    const [left, entered] = [state.memberships.at(-1), state.memberships.at(-2)]
    const terms = [left, entered].map((placed) => state.log[(placed?.index ?? 0) - state.compacted.index - 1]?.term)
    return terms[0] === state.currentTerm && terms[1] !== undefined && terms[1] < state.currentTerm
  }),
  now('a leader removed itself', ({ id, state }) => {
    const [newest] = lastTwo(state)
    if (state.role !== 'leader' || newest === undefined) return false
    return !newest.voters.includes(id) && !newest.outgoing.includes(id) && !newest.learners.includes(id)
  }),
  now('a learner was made a voter', ({ state }) => {
    const [newest, before] = lastTwo(state)
    return newest !== undefined && before !== undefined && before.learners.some((id) => newest.voters.includes(id))
  }),
  between('a newcomer was caught up by a snapshot', ({ last }, { compacted }) => last === 0 && compacted.index > 0),
  {
    name: 'a change of the membership was taken back',
    watch: () => {
      const newest = new Map<NodeId, { readonly incarnation: number; readonly index: Index }>()
      return ({ id, state, incarnation }) => {
        const index = state.memberships.at(-1)?.index ?? 0
        const before = newest.get(id)
        if (before?.index !== index || before.incarnation !== incarnation) newest.set(id, { incarnation, index })
        return before?.incarnation === incarnation && index < before.index
      }
    },
  },
]

/** A node that has stopped is not looked at any more: this one is told by the world. */
export const removedStopped = 'a removed member stopped'
