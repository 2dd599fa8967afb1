import type { NodeId } from '../../core/index.ts'
import {
  defaultRaftOptions,
  Raft,
  raftInvariants,
  type Durable,
  type Entry,
  type Message,
  type RaftNode,
  type RaftOptions,
  type RaftState,
} from '../../protocols/raft/index.ts'
import { playEngineScript, type EngineWords } from '../log-engine/engine-script.ts'
import type { EngineWorld } from '../log-engine/engine-world.ts'

type RaftScriptWorld = EngineWorld<RaftState, Message, Durable, RaftNode>

/** How Raft's conversations are told. */
const raftWords: EngineWords<RaftState, Message, Durable, RaftNode> = {
  parts(settings) {
    const options: RaftOptions = { ...defaultRaftOptions, ...settings }
    return {
      name: 'Raft',
      create: (env) => new Raft(env, options),
      invariants: raftInvariants,
      look: (node) => node,
    }
  },
  reign: 'term',
  say,
  isRoutine,
  describe,
  holdsMembership: ({ log, compacted }, index) => log[index - compacted.index - 1]?.membership !== undefined,
  verbs: {
    log: (world, id, terms) => writeLog(world, id, terms.map(Number)),
    term: (world, id, [term]) => writeTerm(world, id, Number(term)),
  },
}

/** Plays a script and gives it back with what was heard. */
export function playScript(text: string): string {
  return playEngineScript(raftWords, text)
}

/** What is on the disk before the first start: a log of these terms, and the last of them as the term. */
function writeLog(world: RaftScriptWorld, id: NodeId, terms: readonly number[]): void {
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
}

/** And a term that was entered after that. */
function writeTerm(world: RaftScriptWorld, id: NodeId, currentTerm: number): void {
  const member = world.member(id)
  member.journal.push({ type: 'hardState', currentTerm, votedFor: undefined })
  member.synced = member.journal.length
}

function describe(id: NodeId, { role, currentTerm, log, compacted, commitIndex }: RaftState): string {
  const terms = log.map(({ term }) => term).join(' ')
  const base = compacted.index > 0 ? `after ${compacted.index}/${compacted.term}: ` : ''
  return `${id}: ${role} in term ${currentTerm}, log ${base}${terms === '' ? 'empty' : terms}, commit ${commitIndex}`
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
