import type { Bit, ByNode, Choice, Decided, Durable, Exchange } from './messages.ts'

export interface BenOrState {
  /** 0: it was not asked yet. */
  round: number
  /** Whose votes it waits for. */
  waitsFor: Exchange
  /** Durable: what it has voted, round by round; the first is round 1. */
  said: Votes[]
  /** What others have voted, of this round and later ones, the lowest first. */
  heard: Heard[]
  /** Durable. */
  decided: Decided | undefined
  /** Who said that it has decided. */
  deciders: ByNode<Decided>
}

export type Votes = Partial<Record<Exchange, Choice>>

export type Heard = { readonly round: number } & Record<Exchange, ByNode<Choice>>

export function initialState(): BenOrState {
  return { round: 0, waitsFor: 'report', said: [], heard: [], decided: undefined, deciders: {} }
}

/** The only way in which what is durable changes: the state becomes what the record says, now and after a restart alike. */
export function fold(state: BenOrState, record: Durable): void {
  if (record.type === 'decided') {
    state.decided = record
    return
  }
  const { round, type, value } = record
  if (round > state.said.length) state.said.push({})
  state.said[round - 1] = { ...state.said[round - 1], [type]: value }
  state.round = round
  state.waitsFor = type
}

/** Of one round, as it may be changed. */
export function heardOf(state: BenOrState, round: number): Heard {
  const known = state.heard.find((heard) => heard.round === round)
  if (known !== undefined) return known
  const fresh: Heard = { round, report: {}, proposal: {}, confirmation: {} }
  state.heard = [...state.heard, fresh].toSorted((a, b) => a.round - b.round)
  return fresh
}

/** A vote for each who is known to have voted, or to have decided in an earlier round. */
export function votesOf(state: BenOrState, exchange: Exchange): Choice[] {
  const votes = state.heard.find(({ round }) => round === state.round)?.[exchange] ?? {}
  const rest = Object.keys(state.deciders).flatMap((id): Bit[] => {
    const decided = state.deciders[id]
    return decided === undefined || id in votes || decided.round >= state.round ? [] : [decided.value]
  })
  return [...Object.values(votes), ...rest]
}
