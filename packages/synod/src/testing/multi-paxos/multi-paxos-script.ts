import { assert, type Index, type NodeId } from '../../core/index.ts'
import type {
  Accepted,
  Ballot,
  Durable,
  Message,
  MultiPaxosNode,
  MultiPaxosState,
  Placed,
  Value,
} from '../../protocols/multi-paxos/index.ts'
import { playEngineScript, type EngineWords } from '../log-engine/engine-script.ts'
import type { EngineWorld } from '../log-engine/engine-world.ts'
import { multiPaxosParts } from './multi-paxos-parts.ts'

type ScriptWorld = EngineWorld<MultiPaxosState, Message, Durable, MultiPaxosNode>

/** How the conversations of Multi-Paxos are told. */
const multiPaxosWords: EngineWords<MultiPaxosState, Message, Durable, MultiPaxosNode> = {
  parts: multiPaxosParts,
  reign: 'round',
  say,
  isRoutine: (message) =>
    (message.type === 'accept' && message.proposals.length === 0) ||
    (message.type === 'accepted' && message.slots.length === 0),
  describe,
  holdsMembership: ({ log, compacted }, slot) => log[slot - compacted - 1]?.value.membership !== undefined,
  verbs: { disk: writeDisk },
}

/** Plays a script and gives it back with what was heard. */
export function playScript(text: string): string {
  return playEngineScript(multiPaxosWords, text)
}

/**
 * What is on the disk before the first start: `decided=134`; `promised=2.y`; `1-134@1.x`, commands of these numbers, accepted
 * in that ballot; `1@2.y=7`: command 7 in slot 1.
 */
function writeDisk(world: ScriptWorld, id: NodeId, words: readonly string[]): void {
  const accepted: Placed[] = []
  let [decided, promised]: [Index, Ballot] = [0, { round: 0, id: '' }]
  for (const word of words) {
    const [what = '', given] = word.split('=')
    const [slots = '', inBallot = ''] = what.split('@')
    if (what === 'decided') decided = Number(given)
    else if (what === 'promised') promised = ballotOf(given)
    else {
      const ballot = ballotOf(inBallot)
      if (ballot.round > promised.round) promised = ballot
      const [first = 0, last = first] = slots.split('-').map(Number)
      for (let slot = first; slot <= last; slot++) {
        const sequence = Number(given ?? slot)
        const command = { origin: ballot.id, sequence, checksum: sequence, bytes: new Uint8Array(1) }
        accepted.push({ slot, ballot, value: { term: ballot.round, command } })
      }
    }
  }
  const member = world.member(id)
  member.journal.push({ type: 'accepted', promised, decided: 0, accepted }, { type: 'hard', promised, decided })
  member.synced = member.journal.length
}

function ballotOf(text = ''): Ballot {
  const [round, id = ''] = text.split('.')
  assert(Number(round) > 0 && id !== '', `a ballot is written 2.y: ${text}`)
  return { round: Number(round), id }
}

function describe(id: NodeId, { role, promised, decided, compacted, log }: MultiPaxosState): string {
  const slots = log.flatMap((accepted, i) => {
    const slot = compacted + 1 + i
    if (accepted === undefined) return [`${slot} –`]
    return slot <= decided - 3 ? [] : [`${slot} ${told(accepted, slot)}`]
  })
  const before = Math.max(compacted, Math.min(decided - 3, compacted + log.length))
  const base = compacted > 0 ? `begins after ${compacted}: ` : ''
  const known = before > compacted ? '…, ' : ''
  const text = slots.length === 0 ? 'empty' : known + slots.join(', ')
  return `${id}: ${role}, promised ${named(promised)}, decided ${decided}, log ${base}${text}`
}

function say(message: Message): string {
  switch (message.type) {
    case 'canvass':
      return `round ${message.round}? decided ${message.decided}`
    case 'support':
      return `round ${message.round} ${message.granted ? 'supported' : `not: promised ${named(message.promised)}, decided ${message.decided}`}`
    case 'prepare':
      return `prepare ${named(message.ballot)} from ${message.from}${message.transfer ? ', by hand-over' : ''}`
    case 'promise': {
      const { ballot, from, through, accepted, decided } = message
      const reported = accepted.map((one) => `, ${one.slot} is ${told(one, one.slot)}`).join('')
      return `promise ${named(ballot)} from ${from}${through === undefined ? '' : ` to ${through}`}${reported}; decided ${decided}`
    }
    case 'accept': {
      const { ballot, proposals, decided } = message
      const what = proposals.map(({ slot, value }) => `${slot} ${inWords(value, slot)}`).join(', ')
      return `${what === '' ? 'heartbeat' : 'accept'} ${named(ballot)}${what === '' ? '' : `: ${what}`}; decided ${decided}`
    }
    case 'accepted':
      return `accepted ${named(message.ballot)}: ${message.slots.join(' ') || 'nothing new'}; decided ${message.decided}`
    case 'refused':
      return `refused, promised ${named(message.promised)}`
    case 'handOver':
      return `campaign now`
    case 'learn':
      return `what is decided from ${message.from} on?`
    case 'chosen': {
      const { first, values, decided } = message
      return `chosen: ${values.map((one, i) => `${first + i} ${told(one, first + i)}`).join(', ')}; decided ${decided}`
    }
    case 'installSnapshot':
      return `install the snapshot at ${message.snapshot.index}/${message.snapshot.term}`
    case 'askPromise':
      return 'how far have you gone?'
    case 'tellPromise':
      return `to ${named(message.promised)}, slot ${message.lastIndex}`
  }
}

function told({ ballot, value }: Accepted, slot: Index): string {
  return `${inWords(value, slot)} in ${named(ballot)}`
}

/** The first slot of all repeats the first membership; for a reader it holds nothing. */
function inWords({ command, membership }: Value, slot: Index): string {
  if (command !== undefined) return `command ${command.sequence}`
  return membership === undefined || slot === 1 ? 'no-op' : `members ${membership.voters.join(' ')}`
}

function named({ round, id }: Ballot): string {
  return round === 0 ? 'nothing' : `${round}.${id}`
}
