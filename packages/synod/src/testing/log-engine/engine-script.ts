import { present, type Membership, type MembershipChange, type NodeId } from '../../core/index.ts'
import { playBlocks } from '../script-blocks.ts'
import { EngineWorld, type Happening, type LogEngineParts } from './engine-world.ts'

type Settings = Readonly<Record<string, boolean | number>>

/** In which words an engine's conversations are told, and what its scripts may do beyond what those of all engines may. */
export interface EngineWords<State, Message, Durable, Node> {
  /** As a script sets it up. */
  parts(settings: Settings): LogEngineParts<State, Message, Durable, Node>
  /** What one leader leads. */
  readonly reign: 'term' | 'round'
  say(message: Message): string
  /** Heartbeats and acknowledgements: left out where time passes. */
  isRoutine(message: Message): boolean
  describe(id: NodeId, state: State): string
  /** What is decided there, which is no command: a membership, or nothing. */
  holdsMembership(state: State, index: number): boolean
  readonly verbs: Readonly<
    Record<string, (world: EngineWorld<State, Message, Durable, Node>, node: NodeId, words: readonly string[]) => void>
  >
}

/** Of what happens: everything; not heartbeats and acknowledgements; or only who leads, who is a member, and what is installed. */
type Told = 'all' | 'some' | 'little'

/** Plays a script over an engine, and gives it back with what was heard. */
export function playEngineScript<State, Message, Durable, Node>(
  words: EngineWords<State, Message, Durable, Node>,
  text: string,
): string {
  let stage: Stage<State, Message, Durable, Node> | undefined
  return playBlocks(text, (verb, rest) => {
    if (verb === 'cluster') {
      stage = new Stage(words, rest)
      return []
    }
    return present(stage, 'a script begins with: cluster a b c').act(verb, rest)
  })
}

/** The world of one script. */
class Stage<State, Message, Durable, Node> {
  private readonly words: EngineWords<State, Message, Durable, Node>
  private readonly world: EngineWorld<State, Message, Durable, Node>
  private heard: string[] = []
  private told: Told = 'all'
  private reads = 0
  /** By what each member said last that it goes. */
  private readonly goesBy = new Map<NodeId, { readonly membership: Membership; readonly index: number }>()

  constructor(words: EngineWords<State, Message, Durable, Node>, given: readonly string[]) {
    const settings = given.filter((word) => word.includes('=')).map((word) => word.split('='))
    const valueOf = (text: string): boolean | number => text === 'on' || (text === 'off' ? false : Number(text))
    const parts = words.parts(Object.fromEntries(settings.map(([name = '', text = '']) => [name, valueOf(text)])))
    this.words = words
    this.world = new EngineWorld(parts, { members: given.filter((word) => !word.includes('=')) })
    this.world.listen = (happening) => void this.heard.push(...this.tell(happening))
  }

  act(verb: string, words: readonly string[]): string[] {
    this.told = verb === 'pass' ? 'little' : verb === 'run' ? 'some' : 'all'
    const answer = this.perform(verb, words[0] ?? '', words)
    const heard = joinDecisions(this.heard)
    this.heard = []
    return [...heard, ...answer]
  }

  private perform(verb: string, node: NodeId, words: readonly string[]): string[] {
    const { world } = this
    const orNot = (taken: boolean, not: string): string[] => (taken ? [] : [`${node}: ${not}`])
    switch (verb) {
      case 'timeout':
        world.fire(node, 'election')
        return []
      case 'heartbeat':
        world.fire(node, 'heartbeat')
        return []
      case 'forget':
        world.fire(node, 'lease')
        return []
      case 'propose':
        return orNot(world.propose(node, Number(words[1]), Number(words[2] ?? 1)), 'does not take it')
      case 'read':
        return orNot(world.read(node, ++this.reads), 'does not take it')
      case 'transfer':
        return orNot(world.engine(node).transfer(words[1]), 'does not')
      case 'resign':
        world.engine(node).resign()
        return []
      case 'change': {
        const outcome = world.change(node, ...words.slice(1).map(changeOf))
        return 'code' in outcome ? [`${node}: refuses, ${outcome.code}: ${outcome.message}`] : []
      }
      case 'machines':
        return this.machines()
      case 'compact':
        world.compact(node, Number(words[1] ?? 0))
        return [`${node}: log begins after ${world.engine(node).standing.compacted}`]
      case 'state':
        return this.states(words)
      default:
        this.disturb(verb, node, words)
        return []
    }
  }

  private disturb(verb: string, node: NodeId, words: readonly string[]): void {
    const { world } = this
    switch (verb) {
      case 'start':
        return world.startAll()
      case 'deliver':
        return world.deliver()
      case 'run':
      case 'pass':
        return world.run(Number(node.replace('ms', '')))
      case 'drop':
        return world.drop()
      case 'partition': {
        const groups = words.join(' ').split(' | ')
        return world.partition(...groups.map((group) => group.split(' ')))
      }
      case 'cut':
        return void world.cut.add(`${node}>${present(words[1], 'cut names two members')}`)
      case 'deafen':
        for (const id of world.members.keys()) if (id !== node) world.cut.add(`${id}>${node}`)
        return undefined
      case 'heal':
        return world.heal()
      case 'add':
        world.add(node)
        return world.start(node)
      case 'crash':
        // A start says what was known before, which is no news.
        this.goesBy.delete(node)
        return world.crash(node)
      case 'restart':
        return world.start(node)
      default:
        return present(this.words.verbs[verb], `no command of a script: ${verb}`)(world, node, words.slice(1))
    }
  }

  /** The commands that each has applied; those that are alike in one line. */
  private machines(): string[] {
    const alike = new Map<string, NodeId[]>()
    for (const { id, up, machine } of this.world.members.values()) {
      const applied = up ? machine.commands.join(' ') || 'nothing' : 'down'
      alike.set(applied, [...(alike.get(applied) ?? []), id])
    }
    return [...alike].map(([applied, ids]) => `${ids.join(' ')}: ${applied}`)
  }

  private states(wanted: readonly NodeId[]): string[] {
    return [...this.world.members.values()]
      .filter(({ id }) => wanted.length === 0 || wanted.includes(id))
      .map(({ id, up, state }) => (up ? this.words.describe(id, state) : `${id}: down`))
  }

  private tell(happening: Happening<Message>): string[] {
    const { told, words } = this
    switch (happening.type) {
      case 'sent': {
        const { from, to, message, lost } = happening
        if (told === 'little' || (told === 'some' && words.isRoutine(message))) return []
        return [`${from} ${lost ? '⇢' : '→'} ${to}  ${words.say(message)}${lost ? ', lost' : ''}`]
      }
      case 'led': {
        const { node, by, term } = happening
        if (by === undefined) return [`${node}: knows no leader in ${words.reign} ${term}`]
        return [`${node}: ${by === node ? 'leads' : `follows ${by} in`} ${words.reign} ${term}`]
      }
      case 'decided': {
        const { node, index, term, command } = happening
        if (told === 'little') return []
        // The first entry of all repeats the first membership; for a reader it is the no-op of its leader.
        const isMembership = index > 1 && words.holdsMembership(this.world.member(node).state, index)
        return [`${node}: decides ${index}/${term} ${command?.sequence ?? (isMembership ? 'membership' : 'no-op')}`]
      }
      case 'readable':
        return [`${happening.node}: read ${happening.id} is answered by a state at ${happening.index}`]
      case 'unreadable':
        return [`${happening.node}: read ${happening.id} is not answered here`]
      case 'installed':
        return [`${happening.node}: installs the snapshot at ${happening.snapshot.index}`]
      case 'reconfigured':
        return this.tellMembership(happening.node, happening.membership, happening.index)
    }
  }

  /** The first entry repeats the first membership: that is no news. */
  private tellMembership(node: NodeId, membership: Membership, index: number): string[] {
    const before = this.goesBy.get(node)
    this.goesBy.set(node, { membership, index })
    if (before === undefined || JSON.stringify(before.membership) === JSON.stringify(membership)) return []
    return [`${node}: goes by ${sayMembership(membership)}${index < before.index ? ' again' : ''}`]
  }
}

/** What one member decides in a row is one line. */
function joinDecisions(lines: readonly string[]): string[] {
  const joined: string[] = []
  for (const line of lines) {
    const [node, what] = line.split(': decides ')
    const before = joined.at(-1)
    if (what !== undefined && before?.startsWith(`${node}: decides `) === true)
      joined.splice(-1, 1, `${before}, ${what}`)
    else joined.push(line)
  }
  return joined
}

/** `+d`: a voter; `+d?`: a learner; `^d`: promote; `!d`: demote; `-d`: remove; `d@where`: update. */
function changeOf(word: string): MembershipChange {
  const [id = '', contact] = word
    .replace(/^[-+^!]/, '')
    .replace(/\?$/, '')
    .split('@')
  if (contact !== undefined) return { type: 'update', id, contact }
  switch (word.charAt(0)) {
    case '+':
      return { type: word.endsWith('?') ? 'addLearner' : 'addVoter', id, contact: id }
    case '^':
      return { type: 'promote', id }
    case '!':
      return { type: 'demote', id }
    case '-':
      return { type: 'remove', id }
    default:
      throw new Error(`no change of the membership: ${word}`)
  }
}

/** As in Ongaro's dissertation: C(old, new) while it is joint. */
function sayMembership({ voters, outgoing, learners, learnersNext, joining, autoLeave }: Membership): string {
  const parts = [`voters ${voters.join(' ')}`]
  if (outgoing.length > 0) parts.push(`and the majority of ${outgoing.join(' ')}`)
  const staying = learners.filter((id) => !joining.includes(id))
  if (staying.length > 0) parts.push(`learners ${staying.join(' ')}`)
  if (joining.length > 0) parts.push(`joining ${joining.join(' ')}`)
  if (learnersNext.length > 0) parts.push(`learners next ${learnersNext.join(' ')}`)
  if (outgoing.length > 0 && !autoLeave) parts.push('until told otherwise')
  return parts.join(', ')
}
