import type { Ballot } from './messages.ts'

/** Lower than every ballot of a member. */
export const noBallot: Ballot = { round: 0, id: '' }

/** By round, then by server id: negative if `a` is lower. */
export function compare(a: Ballot, b: Ballot): number {
  if (a.round !== b.round) return a.round - b.round
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}

export function isSame(a: Ballot, b: Ballot): boolean {
  return a.round === b.round && a.id === b.id
}

export function isLower(a: Ballot, b: Ballot): boolean {
  return compare(a, b) < 0
}

export function highest(a: Ballot, b: Ballot): Ballot {
  return isLower(a, b) ? b : a
}
