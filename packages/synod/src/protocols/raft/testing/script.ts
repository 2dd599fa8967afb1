import { assert, present, type Membership, type MembershipChange, type NodeId } from '../../../core/index.ts'
import type { Entry, Message } from '../messages.ts'
import type { RaftOptions } from '../options.ts'
import { World, type Happening } from './world.ts'

/** The world of one script; `cluster` makes it. */
interface Stage {
  world: World | undefined
  told: number
  reads: number
}

/** One block of a script: what is done, and what is heard of it. */
export interface Block {
  readonly comment: string
  readonly commands: readonly string[]
  readonly expected: string
}

/** Blocks are separated by empty lines: comments (#), commands, `----`, and what is expected. */
export function parseScript(text: string): Block[] {
  return text
    .split(/\n\n+/)
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const lines = block.trimEnd().split('\n')
      const divider = lines.indexOf('----')
      assert(divider >= 0 || lines.every((line) => line.startsWith('#')), `a block has a line ----: ${lines[0]}`)
      const above = divider < 0 ? lines : lines.slice(0, divider)
      return {
        comment: above.filter((line) => line.startsWith('#')).join('\n'),
        commands: above.filter((line) => !line.startsWith('#')),
        expected: divider < 0 ? '' : lines.slice(divider + 1).join('\n'),
      }
    })
}

/** Plays a script and gives it back with what was heard. */
export function playScript(text: string): string {
  const stage: Stage = { world: undefined, told: 0, reads: 0 }
  const played = parseScript(text).map(({ comment, commands }) => {
    if (commands.length === 0) return comment
    const heard = commands.flatMap((command) => act(stage, command))
    const head = comment === '' ? commands : [comment, ...commands]
    return [...head, '----', ...(heard.length === 0 ? ['nothing'] : heard)].join('\n')
  })
  return `${played.join('\n\n')}\n`
}

function act(stage: Stage, line: string): string[] {
  const [verb = '', ...words] = line.split(/\s+/)
  if (verb === 'cluster') {
    stage.world = newWorld(words)
    stage.told = 0
    return []
  }
  const world = present(stage.world, 'a script begins with: cluster a b c')
  const [node = ''] = words
  const answer = perform(stage, world, verb, node, words)
  const heard = world.happenings.slice(stage.told)
  stage.told = world.happenings.length
  const told: Told = verb === 'pass' ? 'little' : verb === 'run' ? 'some' : 'all'
  return [...joinDecisions(heard.flatMap((happening) => tell(happening, told))), ...answer]
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

function newWorld(words: readonly string[]): World {
  const settings = words.filter((word) => word.includes('='))
  const raft: Record<string, boolean | number> = {}
  for (const [name = '', value = ''] of settings.map((word) => word.split('='))) {
    raft[name] = value === 'on' || (value === 'off' ? false : Number(value))
  }
  const options: Partial<RaftOptions> = raft
  return new World({ members: words.filter((word) => !word.includes('=')), raft: options })
}

function perform(stage: Stage, world: World, verb: string, node: NodeId, words: readonly string[]): string[] {
  switch (verb) {
    case 'log':
      return writeLog(world, node, words.slice(1).map(Number))
    case 'term':
      return writeTerm(world, node, Number(words[1]))
    case 'start':
      world.startAll()
      return []
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
      return world.propose(node, Number(words[1]), Number(words[2] ?? 1)) ? [] : [`${node}: does not take it`]
    case 'read':
      return world.read(node, ++stage.reads) ? [] : [`${node}: does not take it`]
    case 'transfer':
      return world.raft(node).transfer(words[1]) ? [] : [`${node}: does not`]
    case 'resign':
      world.raft(node).resign()
      return []
    case 'change':
      return changeMembership(world, node, words.slice(1))
    case 'machines':
      return machines(world)
    case 'compact':
      world.compact(node, Number(words[1] ?? 0))
      return [`${node}: log begins after ${world.state(node).compacted.index}`]
    case 'state':
      return [...world.members.keys()]
        .filter((id) => words.length === 0 || words.includes(id))
        .map((id) => describe(world, id))
    default:
      return disturb(world, verb, node, words)
  }
}

/** `+d`: a voter; `+d?`: a learner; `^d`: promote; `!d`: demote; `-d`: remove; `d@where`: update. */
function changeMembership(world: World, node: NodeId, words: readonly string[]): string[] {
  const outcome = world.change(node, ...words.map(changeOf))
  return 'code' in outcome ? [`${node}: refuses, ${outcome.code}: ${outcome.message}`] : []
}

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

/** As in the dissertation: C(old, new) while it is joint. */
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

function disturb(world: World, verb: string, node: NodeId, words: readonly string[]): string[] {
  switch (verb) {
    case 'deliver':
      world.deliver()
      return []
    case 'run':
    case 'pass':
      world.run(Number(node.replace('ms', '')))
      return []
    case 'drop':
      world.packets = []
      return []
    case 'partition':
      world.partition(
        ...words
          .join(' ')
          .split(' | ')
          .map((group) => group.split(' ')),
      )
      return []
    case 'cut':
      world.cut.add(`${node}>${present(words[1], 'cut names two members')}`)
      return []
    case 'deafen':
      for (const id of world.members.keys()) if (id !== node) world.cut.add(`${id}>${node}`)
      return []
    case 'heal':
      world.heal()
      return []
    case 'add':
      world.add(node)
      world.start(node)
      return []
    case 'crash':
      world.crash(node)
      return []
    case 'restart':
      world.start(node)
      return []
    default:
      throw new Error(`no command of a script: ${verb}`)
  }
}

/** What is on the disk before the first start: a log of these terms, and the last of them as the term. */
function writeLog(world: World, id: NodeId, terms: readonly number[]): string[] {
  const member = world.member(id)
  const entries: Entry[] = terms.map((term) => ({ term }))
  member.journal.push({
    type: 'entries',
    currentTerm: terms.at(-1) ?? 0,
    votedFor: undefined,
    prevIndex: 0,
    prevTerm: 0,
    entries,
  })
  member.synced = member.journal.length
  return []
}

/** And a term that was entered after that. */
function writeTerm(world: World, id: NodeId, currentTerm: number): string[] {
  const member = world.member(id)
  member.journal.push({ type: 'hardState', currentTerm, votedFor: undefined })
  member.synced = member.journal.length
  return []
}

/** The commands that each has applied; those that are alike in one line. */
function machines(world: World): string[] {
  const alike = new Map<string, NodeId[]>()
  for (const { id, up, machine } of world.members.values()) {
    const applied = up ? machine.commands.join(' ') || 'nothing' : 'down'
    alike.set(applied, [...(alike.get(applied) ?? []), id])
  }
  return [...alike].map(([applied, ids]) => `${ids.join(' ')}: ${applied}`)
}

function describe(world: World, id: NodeId): string {
  const { state, up } = world.member(id)
  if (!up) return `${id}: down`
  const log = state.log.map(({ term }) => term).join(' ')
  const base = state.compacted.index > 0 ? `after ${state.compacted.index}/${state.compacted.term}: ` : ''
  return `${id}: ${state.role} in term ${state.currentTerm}, log ${base}${log === '' ? 'empty' : log}, commit ${state.commitIndex}`
}

/** Of what happens: everything; not heartbeats and acknowledgements; or only who leads, who is a member, and what is installed. */
type Told = 'all' | 'some' | 'little'

function tell(happening: Happening, told: Told): string[] {
  switch (happening.type) {
    case 'sent': {
      const { from, to, message, lost } = happening
      if (told === 'little' || (told === 'some' && isRoutine(message))) return []
      return [`${from} ${lost ? '⇢' : '→'} ${to}  ${say(message)}${lost ? ', lost' : ''}`]
    }
    case 'led': {
      const { node, by, term } = happening
      if (by === undefined) return [`${node}: knows no leader in term ${term}`]
      return [by === node ? `${node}: leads term ${term}` : `${node}: follows ${by} in term ${term}`]
    }
    case 'decided': {
      const { node, index, term, command, membership } = happening
      if (told === 'little') return []
      return [`${node}: decides ${index}/${term} ${command?.sequence ?? (membership ? 'membership' : 'no-op')}`]
    }
    case 'readable':
      return [`${happening.node}: read ${happening.id} is answered by a state at ${happening.index}`]
    case 'unreadable':
      return [`${happening.node}: read ${happening.id} is not answered here`]
    case 'installed':
      return [`${happening.node}: installs the snapshot at ${happening.snapshot.index}`]
    case 'reconfigured':
    default:
      return [`${happening.node}: goes by ${sayMembership(happening.membership)}${happening.back ? ' again' : ''}`]
  }
}

function isRoutine(message: Message): boolean {
  if (message.type === 'appended') return message.rejection === undefined
  return message.type === 'appendEntries' && message.entries.length === 0
}

function say(message: Message): string {
  switch (message.type) {
    case 'requestVote': {
      const kind = message.preVote ? 'pre-vote?' : message.transfer ? 'vote, by transfer?' : 'vote?'
      return `term ${message.term} ${kind} log ends ${message.lastLogIndex}/${message.lastLogTerm}`
    }
    case 'vote':
      return `term ${message.term} ${message.preVote ? 'pre-vote' : 'vote'} ${message.granted ? 'granted' : 'refused'}`
    case 'appendEntries': {
      const { entries, prevLogIndex, prevLogTerm } = message
      const what = entries.map((entry, i) => `${prevLogIndex + 1 + i}/${entry.term}`).join(' ')
      const head = what === '' ? 'heartbeat' : `append ${what}`
      return `term ${message.term} ${head} after ${prevLogIndex}/${prevLogTerm}, commit ${message.leaderCommit}`
    }
    case 'appended': {
      const { rejection } = message
      if (rejection === undefined) return `term ${message.term} matches to ${message.matchIndex}`
      const { conflictIndex, conflictTerm } = rejection
      const hint =
        conflictTerm === undefined
          ? `log ends before ${conflictIndex}`
          : `term ${conflictTerm} begins at ${conflictIndex}`
      return `term ${message.term} rejects ${rejection.prevLogIndex}: ${hint}`
    }
    case 'installSnapshot':
      return `term ${message.term} install the snapshot at ${message.snapshot.index}/${message.snapshot.term}`
    case 'timeoutNow':
      return `term ${message.term} campaign now`
    case 'askTerm':
      return 'how far have you gone?'
    case 'tellTerm':
    default:
      return `to term ${message.term}, entry ${message.lastIndex}`
  }
}
