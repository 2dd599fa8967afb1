import type { Invariant, Milliseconds, NodeId, Watch } from '../../core/index.ts'
import type { DetectorState } from './detector.ts'
import type { WatchmanState } from './watchman.ts'

/** One watchman as the whole world sees it. */
export interface WatchmanNode {
  readonly id: NodeId
  readonly incarnation: number
  readonly state: WatchmanState
  readonly durable: WatchmanState
}

function statesOf({ state: { detection } }: WatchmanNode): readonly DetectorState[] {
  return [detection.output, detection.inner]
}

/** Nobody suspects itself, and each other at most once. */
const soundOutput: Invariant<WatchmanNode> = {
  name: 'sound output',
  watch: () => (node) => {
    for (const { suspected } of statesOf(node)) {
      if (suspected.includes(node.id)) return `${node.id} suspects itself`
      if (suspected.some((id, i) => id <= (suspected[i - 1] ?? '')))
        return `${node.id} suspects ${suspected.join(', ')}: not in order, or one of them twice`
    }
    return undefined
  },
}

/** A life is on its disk before anybody hears of it, so that none is ever mistaken for another one. */
const durableLives: Invariant<WatchmanNode> = {
  name: 'durable lives',
  watch: () => (node, nodes) => {
    for (const { heard } of statesOf(node)) {
      for (const { id, durable } of nodes) {
        const stamp = heard[id]
        if (stamp !== undefined && stamp.incarnation > durable.incarnation)
          return `${node.id} has heard ${id} in its life ${stamp.incarnation}, of which the disk of ${id} does not know`
      }
    }
    return undefined
  },
}

/** A late message of an earlier life, or one that was overtaken, changes nothing. */
const nothingStale: Invariant<WatchmanNode> = {
  name: 'nothing stale',
  watch: () =>
    eachLife((node, before) => {
      for (const [i, { heard }] of statesOf(node).entries()) {
        for (const [id, was] of Object.entries(before[i]?.heard ?? {})) {
          const is = heard[id]
          const goesBack =
            is === undefined ||
            is.incarnation < was.incarnation ||
            (is.incarnation === was.incarnation && is.sequence < was.sequence)
          if (goesBack) return `${node.id} listens to a message of ${id} that is older than its last one`
        }
      }
      return undefined
    }),
}

/** A suspicion that is taken back in the same life of who was suspected was a mistake, and the timeout is longer then. */
const learnsFromMistakes: Invariant<WatchmanNode> = {
  name: 'learns from mistakes',
  watch: () =>
    eachLife((node, before) => {
      for (const [i, state] of statesOf(node).entries()) {
        const was = before[i]
        if (was === undefined || !hasTimeouts(was) || !hasTimeouts(state)) continue
        for (const id of was.suspected) {
          const [then, now] = [was.heard[id], state.heard[id]]
          // Heard again, in a life that was known before: otherwise it was no mistake, or is for others to judge.
          if (state.suspected.includes(id) || then === undefined || now === undefined) continue
          if (now.incarnation !== then.incarnation || now.sequence === then.sequence) continue
          if ((state.timeouts[id] ?? 0) <= (was.timeouts[id] ?? 0))
            return `${node.id} has suspected ${id} by mistake, and will wait no longer the next time`
        }
      }
      return undefined
    }),
}

export const watchmanInvariants: readonly Invariant<WatchmanNode>[] = [
  soundOutput,
  durableLives,
  nothingStale,
  learnsFromMistakes,
]

interface WithTimeouts extends DetectorState {
  readonly timeouts: Readonly<Record<NodeId, Milliseconds>>
}

function hasTimeouts(state: DetectorState): state is WithTimeouts {
  return 'timeouts' in state
}

/** Gives each change inside one life to `look`, with what was before. */
function eachLife(
  look: (node: WatchmanNode, before: readonly DetectorState[]) => string | undefined,
): Watch<WatchmanNode> {
  const last = new Map<NodeId, { readonly incarnation: number; readonly states: readonly DetectorState[] }>()
  return (node) => {
    const before = last.get(node.id)
    last.set(node.id, {
      incarnation: node.incarnation,
      states: statesOf(node).map((state) => Object.assign({}, state)),
    })
    return before?.incarnation === node.incarnation ? look(node, before.states) : undefined
  }
}
