import { choose, present, random, type MembershipChange, type NodeId, type RandomState } from '../../core/index.ts'
import type { Administration, AroundErrands, Errand } from '../../simulator/index.ts'

/** What an administrator of Raft may ask for. */
export type RaftErrand =
  | { readonly type: 'change'; readonly changes: readonly MembershipChange[] }
  /** Whoever of these leads, or is down, when it is asked for. */
  | { readonly type: 'removeLeader' | 'removeDown'; readonly of: readonly NodeId[] }
  /** null: to whoever is most caught up. */
  | { readonly type: 'transfer'; readonly to: NodeId | null }

/** An errand is counted by one of these names; each as often as it stands here. */
const kinds = [
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
  'removeLeader',
  'removeDown',
  'replace',
  'replace',
  'update',
  'transfer',
  'transfer',
] as const

type Kind = (typeof kinds)[number]

/** Every name by which errands are counted. */
export const raftErrandTypes: readonly string[] = [...new Set<string>(kinds)]

const votersMax = 7
const contact = '{"v":1}'

export const raftAdministration: Administration = {
  draw(stream, times, around) {
    const drawing = new Drawing(stream, around)
    return times.flatMap((at) => drawing.errand(at) ?? [])
  },
  describe: (operation) => errandInWords(operation as RaftErrand),
}

/** Draws one errand after the other, as if each of them came off: most do, and what does not is refused for good reason. */
class Drawing {
  private readonly stream: RandomState
  private readonly around: AroundErrands
  private readonly lasting: ReadonlySet<NodeId>
  private voters: NodeId[]
  private learners: NodeId[] = []
  private fresh = 0

  constructor(stream: RandomState, around: AroundErrands) {
    this.stream = stream
    this.around = around
    this.lasting = new Set(around.lasting)
    this.voters = [...around.nodes]
  }

  /** undefined: what was drawn makes no sense now. */
  errand(at: number): Errand | undefined {
    const type = this.among(kinds)
    const known = random(this.stream) < 0.9 ? this.voters : [...this.learners, ...this.around.nodes]
    const node = this.among(known)
    const before = new Set([...this.voters, ...this.learners])
    const operation = this.operation(type)
    if (operation === undefined) return undefined
    const added = operation.type === 'change' ? operation.changes.filter(({ type: how }) => how.startsWith('add')) : []
    const newcomers = added.filter(({ id }) => !before.has(id)).map(({ id }) => ({ id, after: this.switchedOn() }))
    return { at, node, type, newcomers, operation }
  }

  private among<T>(choices: readonly T[]): T {
    return present(choices[choose(this.stream, choices.length)], 'there is a choice')
  }

  /** Usually soon, now and then late, or never. */
  private switchedOn(): number | null {
    const draw = random(this.stream)
    const time = random(this.stream) * this.around.pace
    if (draw < 0.05) return null
    return Math.round(draw < 0.2 ? 5 * time : time)
  }

  private operation(type: Kind): RaftErrand | undefined {
    const { voters } = this
    const leaving = voters.filter((id) => !this.lasting.has(id))
    switch (type) {
      case 'transfer':
        return { type, to: random(this.stream) < 0.5 ? null : this.among(voters) }
      case 'removeLeader':
      case 'removeDown':
        return leaving.length === 0 || voters.length === 1 ? undefined : { type, of: leaving.toSorted() }
      case 'addVoter':
      case 'addLearner':
      case 'promote':
      case 'demote':
      case 'remove':
      case 'replace':
      case 'update': {
        const changes = this.changes(type, leaving)
        for (const change of changes) this.imagine(change)
        return changes.length === 0 ? undefined : { type: 'change', changes }
      }
    }
  }

  private changes(
    type: Exclude<Kind, `remove${'Leader' | 'Down'}` | 'transfer'>,
    leaving: readonly NodeId[],
  ): MembershipChange[] {
    const { voters, learners } = this
    const mayLose = voters.length > 1 && leaving.length > 0
    switch (type) {
      case 'addVoter':
      case 'addLearner':
        return voters.length + learners.length < votersMax ? [{ type, id: this.newcomer(), contact }] : []
      case 'promote':
        return learners.length === 0 ? [] : [{ type, id: this.among(learners) }]
      case 'demote':
        return mayLose ? [{ type, id: this.among(leaving) }] : []
      case 'remove': {
        const gone = [...(mayLose ? leaving : []), ...learners.filter((id) => !this.lasting.has(id))]
        return gone.length === 0 ? [] : [{ type, id: this.among(gone) }]
      }
      case 'update': {
        const id = this.among([...voters, ...learners])
        return [{ type, id, contact: `{"v":1,"peerUrls":["http://${id}:${1 + choose(this.stream, 9)}"]}` }]
      }
      case 'replace':
        return this.replacement(leaving)
    }
  }

  /** Several at once: some go, or become learners; others come, or are promoted. */
  private replacement(leaving: readonly NodeId[]): MembershipChange[] {
    const { stream, voters, learners } = this
    const rest = [...leaving]
    const count = Math.min(rest.length, voters.length - 1, 1 + choose(stream, 3))
    const changes: MembershipChange[] = []
    for (let i = 0; i < count; i++) {
      const [id = ''] = rest.splice(choose(stream, rest.length), 1)
      changes.push({ type: random(stream) < 0.2 ? 'demote' : 'remove', id })
    }
    for (const id of learners) if (random(stream) < 0.7) changes.push({ type: 'promote', id })
    for (let i = 0; i < count; i++) {
      if (voters.length + learners.length < votersMax + count && random(stream) < 0.7)
        changes.push({ type: 'addVoter', id: this.newcomer(), contact })
    }
    return changes.length < 2 ? [] : changes
  }

  /** An id that nobody had. */
  private newcomer(): NodeId {
    const id = `n${++this.fresh}`
    return this.around.nodes.includes(id) ? this.newcomer() : id
  }

  private imagine({ type, id }: MembershipChange): void {
    if (type === 'update') return
    this.voters = this.voters.filter((other) => other !== id)
    this.learners = this.learners.filter((other) => other !== id)
    if (type === 'addVoter' || type === 'promote') this.voters.push(id)
    if (type === 'addLearner' || type === 'demote') this.learners.push(id)
  }
}

function errandInWords(errand: RaftErrand): string {
  switch (errand.type) {
    case 'change':
      return errand.changes.map(changeInWords).join(', ')
    case 'removeLeader':
      return `remove whoever of ${errand.of.join(', ')} leads`
    case 'removeDown':
      return `remove one of ${errand.of.join(', ')} that is down`
    case 'transfer':
      return errand.to === null ? 'hand leadership over' : `hand leadership to ${errand.to}`
  }
}

function changeInWords(change: MembershipChange): string {
  switch (change.type) {
    case 'addVoter':
      return `add ${change.id} as a voter`
    case 'addLearner':
      return `add ${change.id} as a learner`
    case 'promote':
    case 'demote':
    case 'remove':
      return `${change.type} ${change.id}`
    case 'update':
      return `update ${change.id} to ${change.contact}`
  }
}
