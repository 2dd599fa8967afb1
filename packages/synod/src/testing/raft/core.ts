import { majority, type Index, type Membership, type NodeId } from '../../core/index.ts'

/** What of one member's memberships is read here. */
export interface KnownMemberships {
  readonly memberships: readonly { readonly index: Index; readonly membership: Membership }[]
  readonly commitIndex: Index
}

/** The newest membership that anybody ever knew to be decided: who is started again may have to learn it anew. */
export class DecidedMembership {
  private placed: KnownMemberships['memberships'][number] | undefined

  /** After each event at a node. */
  look({ memberships, commitIndex }: KnownMemberships): void {
    for (let i = memberships.length - 1; i >= 0; i--) {
      const placed = memberships[i]
      // Who comes later begins with an empty one.
      if (placed === undefined || placed.index > commitIndex || placed.membership.voters.length === 0) continue
      if (this.placed === undefined || placed.index > this.placed.index) this.placed = placed
      return
    }
  }

  get newest(): Membership | undefined {
    return this.placed?.membership
  }

  /**
   * Everybody of whom a majority may be needed from now on, though nobody asks for a change any more: by what is decided;
   * by whatever somebody still has in its log behind that, for it may be decided yet; and when those that are on the way to
   * be voters have become it, one after the other, in any order.
   */
  electoratesAhead(states: readonly KnownMemberships[]): (readonly NodeId[])[] {
    const { placed } = this
    if (placed === undefined) return []
    const ahead = states.flatMap(({ memberships }) => memberships.filter(({ index }) => index > placed.index))
    const electorates = [placed, ...ahead].flatMap(({ membership }) => electoratesOf(membership))
    return [...new Map(electorates.map((voters) => [voters.join(), voters])).values()]
  }
}

function electoratesOf({ voters, outgoing, joining }: Membership): (readonly NodeId[])[] {
  let grown: (readonly NodeId[])[] = [voters]
  for (const id of joining) grown = grown.flatMap((before) => [before, [...before, id].toSorted()])
  return outgoing.length === 0 ? grown : [...grown, outgoing]
}

/** As few as there may be, those that come first before others, with a majority of each electorate; undefined: there are none. */
export function quorumOfAll(
  candidates: readonly NodeId[],
  electorates: readonly (readonly NodeId[])[],
): readonly NodeId[] | undefined {
  const isShort = (voters: readonly NodeId[], core: readonly NodeId[]): boolean =>
    core.filter((id) => voters.includes(id)).length < majority(voters.length)
  let core: NodeId[] = []
  for (const id of candidates) {
    if (electorates.some((voters) => voters.includes(id) && isShort(voters, core))) core.push(id)
  }
  if (electorates.length === 0 || electorates.some((voters) => isShort(voters, core))) return undefined
  for (const id of core) {
    const without = core.filter((other) => other !== id)
    if (!electorates.some((voters) => isShort(voters, without))) core = without
  }
  return core.toSorted()
}
