import {
  choose,
  membersOf,
  present,
  random,
  type Membership,
  type MembershipChange,
  type NodeId,
  type RandomState,
} from '../../core/index.ts'
import type { Administration, AroundErrands, Errand } from '../../simulator/index.ts'

/**
 * What an administrator of Raft asks for. Whom it is about stands in a list, in order: the first of them of whom it makes
 * sense, by what the member that is asked knows. So an errand is not idle because an earlier one failed.
 */
export type RaftErrand =
  | { readonly type: 'addVoter' | 'addLearner'; readonly id: NodeId }
  /** A learner. */
  | { readonly type: 'promote'; readonly of: readonly NodeId[] }
  /** A voter. */
  | { readonly type: 'demote'; readonly of: readonly NodeId[] }
  /** A member; one that leads; one that is down. */
  | { readonly type: 'remove' | 'removeLeader' | 'removeDown'; readonly of: readonly NodeId[] }
  /** Several at once: so many of these voters go, or become learners; all of those learners are promoted; and these come. */
  | {
      readonly type: 'replace'
      readonly of: readonly NodeId[]
      readonly count: number
      readonly demoted: boolean
      readonly promoted: readonly NodeId[]
      readonly added: readonly NodeId[]
    }
  /** A member's contact. */
  | { readonly type: 'update'; readonly of: readonly NodeId[]; readonly contact: string }
  /** To another voter; an empty list: to whoever is most caught up. */
  | { readonly type: 'transfer'; readonly of: readonly NodeId[] }

type Kind = RaftErrand['type']

/** Each as often as it stands here. */
const kinds: readonly Kind[] = [
  'addVoter',
  'addVoter',
  'addVoter',
  'addLearner',
  'addLearner',
  'promote',
  'promote',
  'demote',
  'remove',
  'remove',
  'removeLeader',
  'removeDown',
  'replace',
  'replace',
  'replace',
  'update',
  'transfer',
  'transfer',
]

/** Every name by which errands are counted. */
export const raftErrandTypes: readonly Kind[] = [...new Set(kinds)]

const newcomersMax = 12
const membersMax = 8
const askedMax = 4
/** While a change that was asked for may still be under way, if all is well, in milliseconds. */
const soon = 50
const contact = '{"v":1}'

export const raftAdministration: Administration = {
  draw(stream, times, around) {
    const drawing = new Drawing(stream, around)
    return times.map((at) => drawing.errand(at))
  },
  describe: (operation) => errandInWords(operation as RaftErrand),
}

/** Draws one errand after the other. */
class Drawing {
  private readonly stream: RandomState
  private readonly around: AroundErrands
  /** Everybody who may be there by now. */
  private readonly known: NodeId[]
  private fresh = 0
  private replacedAt = -Infinity

  constructor(stream: RandomState, around: AroundErrands) {
    this.stream = stream
    this.around = around
    this.known = [...around.nodes]
  }

  errand(at: number): Errand {
    const type = this.kind(at)
    const nodes = this.inAnyOrder(this.known).slice(0, askedMax)
    const before = new Set(this.known)
    const operation = this.operation(type)
    const fresh = this.known.filter((id) => !before.has(id))
    return { at, nodes, type, newcomers: fresh.map((id) => ({ id, after: this.switchedOn() })), operation }
  }

  /** A leader that hands over right after it has begun a joint phase leaves it to the next one to end it. */
  private kind(at: number): Kind {
    const isHandedOver = at - this.replacedAt < soon && random(this.stream) < 0.7
    const type = isHandedOver ? 'transfer' : present(kinds[choose(this.stream, kinds.length)], 'there is a kind')
    if (type === 'replace') this.replacedAt = at
    return type
  }

  /** Usually soon, now and then late, or never. */
  private switchedOn(): number | null {
    const draw = random(this.stream)
    const time = random(this.stream) * this.around.pace
    if (draw < 0.05) return null
    return Math.round(draw < 0.2 ? 5 * time : time)
  }

  private operation(type: Kind): RaftErrand {
    const { stream, known, around } = this
    const mayGo = (): NodeId[] => this.inAnyOrder(known.filter((id) => !around.lasting.includes(id)))
    switch (type) {
      case 'addVoter':
      case 'addLearner':
        return this.fresh >= newcomersMax ? { type: 'remove', of: mayGo() } : { type, id: this.newcomer() }
      case 'promote':
        return { type, of: this.inAnyOrder(known) }
      case 'demote':
      case 'remove':
      case 'removeLeader':
      case 'removeDown':
        return { type, of: mayGo() }
      case 'replace': {
        const [of, promoted, count] = [mayGo(), random(stream) < 0.6 ? [...known] : [], 1 + choose(stream, 3)]
        const added = Array.from({ length: Math.min(choose(stream, count + 1), newcomersMax - this.fresh) }, () =>
          this.newcomer(),
        )
        return { type, of, count, demoted: random(stream) < 0.3, promoted, added }
      }
      case 'update':
        return {
          type,
          of: this.inAnyOrder(known),
          contact: JSON.stringify({ v: 1, peerUrls: [`http://m:${known.length}`] }),
        }
      case 'transfer':
        return { type, of: random(stream) < 0.5 ? [] : this.inAnyOrder(known) }
    }
  }

  private inAnyOrder(ids: readonly NodeId[]): NodeId[] {
    const left = [...ids]
    return ids.flatMap(() => left.splice(choose(this.stream, left.length), 1))
  }

  /** An id that nobody had. */
  private newcomer(): NodeId {
    const id = `n${++this.fresh}`
    if (this.known.includes(id)) return this.newcomer()
    this.known.push(id)
    return id
  }
}

/** What the member that is asked knows, and who can be seen to be down. */
export interface Circumstances {
  readonly membership: Membership
  readonly leader: NodeId | undefined
  readonly isDown: (id: NodeId) => boolean
}

/** What an errand comes to; nothing where there is nobody of whom it makes sense. */
export function changesOf(
  errand: Exclude<RaftErrand, { type: 'transfer' }>,
  { membership, leader, isDown }: Circumstances,
): readonly MembershipChange[] {
  const { voters, learners } = membership
  const members = membersOf(membership)
  const firstOf = (ids: readonly NodeId[], is: (id: NodeId) => boolean): NodeId[] => ids.filter(is).slice(0, 1)
  const remove = (id: NodeId): MembershipChange => ({ type: 'remove', id })
  switch (errand.type) {
    case 'addVoter':
    case 'addLearner':
      return members.length >= membersMax ? [] : [{ type: errand.type, id: errand.id, contact }]
    case 'promote':
      return firstOf(errand.of, (id) => learners.includes(id)).map((id) => ({ type: 'promote', id }))
    case 'demote':
      return firstOf(errand.of, (id) => voters.includes(id)).map((id) => ({ type: 'demote', id }))
    case 'remove':
      return firstOf(errand.of, (id) => members.includes(id)).map(remove)
    case 'removeLeader':
      return errand.of.filter((id) => id === leader).map(remove)
    case 'removeDown':
      return firstOf(errand.of, (id) => members.includes(id) && isDown(id)).map(remove)
    case 'replace': {
      const leaving = errand.of.filter((id) => voters.includes(id)).slice(0, Math.min(errand.count, voters.length - 1))
      const promoted = errand.promoted.filter((id) => learners.includes(id))
      return [
        ...leaving.map((id): MembershipChange => ({ type: errand.demoted ? 'demote' : 'remove', id })),
        ...promoted.map((id): MembershipChange => ({ type: 'promote', id })),
        ...errand.added.map((id): MembershipChange => ({ type: 'addVoter', id, contact })),
      ]
    }
    case 'update':
      return firstOf(errand.of, (id) => members.includes(id)).map((id) => ({
        type: 'update',
        id,
        contact: errand.contact,
      }))
  }
}

function errandInWords(errand: RaftErrand): string {
  const of = 'of' in errand ? errand.of.join(', ') : ''
  switch (errand.type) {
    case 'addVoter':
      return `add ${errand.id} as a voter`
    case 'addLearner':
      return `add ${errand.id} as a learner`
    case 'promote':
      return `promote a learner, the first of ${of}`
    case 'demote':
      return `make a voter a learner, the first of ${of}`
    case 'remove':
      return `remove a member, the first of ${of}`
    case 'removeLeader':
      return `remove the leader, if it is one of ${of}`
    case 'removeDown':
      return `remove a member that is down, the first of ${of}`
    case 'replace': {
      const promoted = errand.promoted.length === 0 ? '' : `; promote all learners of ${errand.promoted.join(', ')}`
      const added = errand.added.length === 0 ? '' : `; add ${errand.added.join(', ')} as voters`
      const leaving = errand.count === 1 ? 'a voter' : `${errand.count} voters`
      const how = errand.demoted ? `make ${leaving} learners` : `remove ${leaving}`
      return `at once: ${how}, the first of ${of}${promoted}${added}`
    }
    case 'update':
      return `the contact of a member is ${errand.contact}, the first of ${of}`
    case 'transfer':
      return errand.of.length === 0 ? 'hand leadership over' : `hand leadership to another voter, the first of ${of}`
    default:
      throw new TypeError(`no errand: ${JSON.stringify(errand satisfies never)}`)
  }
}
