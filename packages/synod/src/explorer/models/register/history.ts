import type { NodeId } from '../../../core/index.ts'
import type { HistoryFold, Output } from '../../actors/system.ts'
import { nothing, type Answer, type Operation } from './messages.ts'

/** How many operations each other client had finished when this one was invoked: they come before it. */
type After = Readonly<Record<NodeId, number>>

interface Flying {
  readonly operation: Operation
  readonly after: After
}

interface Finished extends Flying {
  readonly answer: Answer
}

/** What clients saw, and no more of time than which operation was over before which began. */
export interface RegisterHistory {
  readonly clients: Readonly<Record<NodeId, ClientHistory>>
  /** An answer without an invocation. */
  readonly invalid?: true
}

interface ClientHistory {
  readonly finished: readonly Finished[]
  readonly flying?: Flying
}

/** Part of each state, because a state that is reached by two histories has to be judged by both. */
export const registerHistory: HistoryFold<RegisterHistory> = {
  initial: { clients: {} },
  record: (history, { node, call, arguments: [first] }: Output) =>
    call === 'invoked' ? invoked(history, node, first as Operation) : answered(history, node, first as Answer),
}

function invoked({ clients }: RegisterHistory, client: NodeId, operation: Operation): RegisterHistory {
  const after: Record<NodeId, number> = {}
  for (const [other, { finished }] of Object.entries(clients))
    if (other !== client && finished.length > 0) after[other] = finished.length
  const own = { finished: clients[client]?.finished ?? [], flying: { operation, after } }
  return { clients: { ...clients, [client]: own } }
}

function answered(history: RegisterHistory, client: NodeId, answer: Answer): RegisterHistory {
  const own = history.clients[client]
  if (own?.flying === undefined) return { ...history, invalid: true }
  const finished = [...own.finished, { ...own.flying, answer }]
  return { ...history, clients: { ...history.clients, [client]: { finished } } }
}

/**
 * Whether one order of the operations explains all answers: tries each client's next one where those that came before it
 * are placed. What is in flight may have happened or not.
 */
export function isLinearizable({ clients, invalid }: RegisterHistory): boolean {
  if (invalid === true) return false
  const ids = Object.keys(clients)
  const calls = ids.map((id): Call[] => {
    const { finished = [], flying } = clients[id] ?? {}
    const all: readonly (Flying & Partial<Finished>)[] = flying === undefined ? finished : [...finished, flying]
    return all.map(({ operation, answer, after }) => ({
      put: operation.put,
      seen: answer?.value,
      mayBeLeftOut: answer === undefined,
      after: ids.map((other) => after[other] ?? 0),
    }))
  })
  return canPlace(
    calls,
    Array.from(calls, () => 0),
    nothing,
  )
}

interface Call {
  readonly put: string | undefined
  readonly seen: string | undefined
  readonly mayBeLeftOut: boolean
  /** By client. */
  readonly after: readonly number[]
}

/** Whether what is not `placed` yet, a number for each client, can follow on a register that has `value`. */
function canPlace(calls: readonly (readonly Call[])[], placed: number[], value: string): boolean {
  let isOver = true
  for (const [client, own] of calls.entries()) {
    const count = placed[client] ?? 0
    const next = own[count]
    if (next === undefined) continue
    if (!next.mayBeLeftOut) isOver = false
    if (next.seen !== undefined && next.seen !== value) continue
    if (next.after.some((before, other) => before > (placed[other] ?? 0))) continue
    placed[client] = count + 1
    const fits = canPlace(calls, placed, next.put ?? value)
    placed[client] = count
    if (fits) return true
  }
  return isOver
}
