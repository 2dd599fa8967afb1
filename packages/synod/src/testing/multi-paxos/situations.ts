import { isJoint, type Index, type NodeId } from '../../core/index.ts'
import type { MultiPaxosNode, MultiPaxosState } from '../../protocols/multi-paxos/index.ts'
import type { Situation } from '../../simulator/index.ts'

/** What is remembered of a node between two events. */
interface Before {
  readonly incarnation: number
  readonly role: MultiPaxosState['role']
  readonly last: Index
  readonly compacted: Index
  readonly repairing: boolean
}

function remembered({ state, incarnation }: MultiPaxosNode): Before {
  const { role, compacted, log, repair } = state
  const last = compacted + log.length
  return { incarnation, role, last, compacted, repairing: repair !== undefined }
}

/** Something that can be told from a node before an event and after it, in one life. */
function between(
  name: string,
  happened: (before: Before, state: MultiPaxosState) => boolean,
): Situation<MultiPaxosNode> {
  return {
    name,
    watch: () => {
      const seen = new Map<NodeId, Before>()
      return (node) => {
        const before = seen.get(node.id)
        seen.set(node.id, remembered(node))
        return before?.incarnation === node.incarnation && happened(before, node.state)
      }
    },
  }
}

function now(
  name: string,
  is: (node: MultiPaxosNode, nodes: readonly MultiPaxosNode[]) => boolean,
): Situation<MultiPaxosNode> {
  return { name, watch: () => is }
}

/** What is accepted in the slots that are not decided yet. */
function open({ log, compacted, decided }: MultiPaxosState): MultiPaxosState['log'] {
  return log.slice(Math.max(0, decided - compacted))
}

/** What a campaign over Multi-Paxos must have come through: if none of its runs reached one of these, it was too tame. */
export const multiPaxosSituations: readonly Situation<MultiPaxosNode>[] = [
  between('a leader was deposed', ({ role }, { role: after }) => role === 'leader' && after !== 'leader'),
  now('two led at once, in different ballots', ({ state }, nodes) => {
    const { role, promised } = state
    return (
      role === 'leader' &&
      nodes.some((other) => other.state.role === 'leader' && other.state.promised.round !== promised.round)
    )
  }),
  now('two were in phase 1 at once', ({ state }, nodes) => {
    return state.role === 'candidate' && nodes.filter((other) => other.state.role === 'candidate').length > 1
  }),
  now('a slot was accepted before the one in front of it', ({ state }) => open(state).includes(undefined)),
  now('a leader proposed again what an older ballot had proposed', ({ state }) => {
    const { role, promised } = state
    return (
      role === 'leader' &&
      open(state).some(
        (accepted) =>
          accepted?.ballot.round === promised.round && accepted.value.term > 0 && accepted.value.term < promised.round,
      )
    )
  }),
  now('a hole was filled with a no-op', ({ state }) => {
    return open(state).some((accepted) => accepted?.value.term === 0 && accepted.value.membership === undefined)
  }),
  now('a candidate had to learn what others had decided', ({ state }) => {
    return state.role === 'candidate' && state.behind > state.decided
  }),
  between('a snapshot replaced a log', ({ last }, { compacted }) => compacted > last),
  between('a log was compacted', ({ compacted }, state) => state.compacted > compacted),
  now('a read waited for a quorum', ({ state }) => state.reads.length > 0),
  now('leadership was handed over', ({ state }) => state.transfer !== undefined),
  now('a part of a journal was lost', ({ state }) => state.repair !== undefined),
  between('what was lost was made good by the peers', ({ repairing }, { repair }) => repairing && repair === undefined),
  now('a restart found a log', ({ state, incarnation }) => incarnation > 1 && state.log.length > 0),
]

/** What runs in which an administrator changes the membership must have come through, too. */
export const membershipSituations: readonly Situation<MultiPaxosNode>[] = [
  now(
    'a change of voters waited for α slots',
    ({ state }) => !state.goesBy.settled && isJoint(state.goesBy.membership),
  ),
  now('a leader removed itself', ({ id, state }) => {
    return state.role === 'leader' && !state.goesBy.membership.voters.includes(id)
  }),
  between('a newcomer was caught up by a snapshot', ({ last }, { compacted }) => last === 0 && compacted > 0),
]
