import type { Change, Model, ModelRenaming, ModelState } from '../model.ts'
import { permutations } from '../symmetry.ts'

/** A write of the value that it is named for, or a read. */
type Command = string

interface Vote {
  readonly ballot: number
  readonly command: Command | undefined
}

interface Instance {
  readonly status: 'empty' | 'preparing' | 'accepting' | 'committed'
  readonly command: Command | undefined
  readonly voted: Vote
}

interface Replica {
  readonly leader: number | undefined
  /** What the last write wrote. */
  readonly value: Command | undefined
  /** How many slots it knows to be committed. */
  readonly commitUpTo: number
  readonly balPrepared: number
  readonly balMaxKnown: number
  readonly instances: readonly Instance[]
  /** It has seen that everything is done. */
  readonly done: boolean
}

/** What clients see. */
type Observed =
  | { readonly type: 'request'; readonly command: Command }
  | { readonly type: 'answer'; readonly command: Command; readonly was: Command | undefined }

interface Clients {
  readonly pending: readonly Command[]
  readonly observed: readonly Observed[]
}

type Message =
  | { readonly type: 'prepare'; readonly source: number; readonly ballot: number }
  | { readonly type: 'prepareReply'; readonly source: number; readonly ballot: number; readonly votes: readonly Vote[] }
  | {
      readonly type: 'accept'
      readonly source: number
      readonly ballot: number
      readonly slot: number
      readonly command: Command | undefined
    }
  | { readonly type: 'acceptReply'; readonly source: number; readonly ballot: number; readonly slot: number }
  | { readonly type: 'commitNotice'; readonly upTo: number }

type State = ModelState<Replica, Clients, Message>
type Changed = Change<Replica, Clients, Message>

export interface MultiPaxosBounds {
  readonly replicas: number
  readonly writes: number
  readonly reads: number
  /** Ballots are 1 to this. */
  readonly maxBallot: number
}

/**
 * MultiPaxos-SMR of the examples of TLA+: a replicated register, whose clients send each command once. Replicas are
 * renamed; a leader takes all replies at once; a ballot has one prepare.
 */
export function multiPaxosSmr({
  replicas,
  writes,
  reads,
  maxBallot,
}: MultiPaxosBounds): Model<Replica, Clients, Message> {
  const commands = [...named('write', writes), ...named('read', reads)]
  const majority = Math.floor(replicas / 2) + 1
  const empty: Instance = { status: 'empty', command: undefined, voted: { ballot: 0, command: undefined } }
  const fresh: Replica = {
    leader: undefined,
    value: undefined,
    commitUpTo: 0,
    balPrepared: 0,
    balMaxKnown: 0,
    instances: commands.map(() => empty),
    done: false,
  }
  return {
    initial: [
      {
        processes: Array.from({ length: replicas }, () => fresh),
        shared: { pending: commands, observed: [] },
        messages: [],
      },
    ],
    actions(state, take) {
      const { pending, observed } = state.shared
      const isOver = pending.length === 0 && observed.length === 2 * commands.length
      for (const [i, replica] of state.processes.entries()) {
        if (replica.done) continue
        if (isOver) {
          take(`${i} is done`, { process: [i, { ...replica, done: true }] })
          continue
        }
        for (let ballot = replica.balMaxKnown + 1; ballot <= maxBallot; ballot++) {
          const change = becomeLeader(state, i, ballot)
          if (change !== undefined) take(`${i} campaigns in ${ballot}`, change)
        }
        for (const message of state.messages) {
          const change = handle(replica, i, message)
          if (change !== undefined) take(`${i} receives ${message.type}`, change)
        }
        const replies = handlePrepareReplies(state, i, majority)
        if (replies !== undefined) take(`${i} is prepared`, replies)
        const request = takeRequest(state, i)
        if (request !== undefined) take(`${i} takes a request`, request)
        const commit = handleAcceptReplies(state, i, majority)
        if (commit !== undefined) take(`${i} commits`, commit)
      }
    },
    symmetry: permutations(replicas).slice(1).map(renamed),
  }
}

function named(kind: string, count: number): Command[] {
  return Array.from({ length: count }, (_, i) => `${kind} ${i + 1}`)
}

/** What was under way has to be prepared again. */
function prepareAgain(instances: readonly Instance[]): Instance[] {
  return instances.map((one) => (one.status === 'accepting' ? { ...one, status: 'preparing' } : one))
}

function votesOf({ instances }: Replica): Vote[] {
  return instances.map(({ voted }) => voted)
}

function changed(instances: readonly Instance[], slot: number, change: Partial<Instance>): Instance[] {
  return instances.map((one, i) => (i === slot ? { ...one, ...change } : one))
}

/** A ballot is prepared once: servers' ballots differ. */
function becomeLeader({ processes, messages }: State, i: number, ballot: number): Changed | undefined {
  const replica = processes[i]
  if (replica === undefined || replica.leader === i) return undefined
  if (messages.some((message) => message.type === 'prepare' && message.ballot === ballot)) return undefined
  const instances = prepareAgain(replica.instances)
  return {
    process: [i, { ...replica, leader: i, balPrepared: 0, balMaxKnown: ballot, instances }],
    sends: [
      { type: 'prepare', source: i, ballot },
      { type: 'prepareReply', source: i, ballot, votes: votesOf(replica) },
    ],
  }
}

/** What a follower does upon one message. */
function handle(replica: Replica, i: number, message: Message): Changed | undefined {
  switch (message.type) {
    case 'prepare': {
      const { source, ballot } = message
      if (ballot <= replica.balMaxKnown) return undefined
      const instances = prepareAgain(replica.instances)
      return {
        process: [i, { ...replica, leader: source, balMaxKnown: ballot, instances }],
        sends: [{ type: 'prepareReply', source: i, ballot, votes: votesOf(replica) }],
      }
    }
    case 'accept': {
      const { source, ballot, slot, command } = message
      if (ballot < replica.balMaxKnown || ballot <= (replica.instances[slot]?.voted.ballot ?? 0)) return undefined
      const instances = changed(replica.instances, slot, { status: 'accepting', command, voted: { ballot, command } })
      return {
        process: [i, { ...replica, leader: source, balMaxKnown: ballot, instances }],
        sends: [{ type: 'acceptReply', source: i, ballot, slot }],
      }
    }
    case 'commitNotice':
      if (replica.leader === i || message.upTo !== replica.commitUpTo + 1) return undefined
      return committed(replica, i)
    case 'prepareReply':
    case 'acceptReply':
      return undefined
  }
}

/** The next slot, if it is under way. */
function committed(replica: Replica, i: number): { process: readonly [number, Replica] } | undefined {
  const slot = replica.commitUpTo
  const instance = replica.instances[slot]
  if (instance?.status !== 'accepting') return undefined
  const value = instance.command?.startsWith('write') === true ? instance.command : replica.value
  const instances = changed(replica.instances, slot, { status: 'committed' })
  return { process: [i, { ...replica, instances, commitUpTo: slot + 1, value }] }
}

function handlePrepareReplies({ processes, messages }: State, i: number, majority: number): Changed | undefined {
  const replica = processes[i]
  if (replica?.leader !== i || replica.balPrepared !== 0) return undefined
  const ballot = replica.balMaxKnown
  const replies = messages.flatMap((message) =>
    message.type === 'prepareReply' && message.ballot === ballot ? [message.votes] : [],
  )
  if (replies.length < majority) return undefined
  const instances = replica.instances.map((one, slot): Instance => {
    const command = peakVoted(replies.flatMap((votes) => votes[slot] ?? []))
    const goesOn = one.status === 'preparing' || (one.status === 'empty' && command !== undefined)
    return { ...one, status: goesOn ? 'accepting' : one.status, command }
  })
  return {
    process: [i, { ...replica, balPrepared: ballot, instances }],
    sends: instances.flatMap(({ status, command }, slot) =>
      status === 'accepting' ? [{ type: 'accept', source: i, ballot, slot, command } as const] : [],
    ),
  }
}

/** The command that was voted for in the highest ballot. */
function peakVoted(votes: readonly Vote[]): Command | undefined {
  const highest = votes.reduce((peak, vote) => (vote.ballot > peak.ballot ? vote : peak))
  return highest.ballot === 0 ? undefined : highest.command
}

function takeRequest({ processes, shared }: State, i: number): Changed | undefined {
  const replica = processes[i]
  if (replica?.leader !== i || replica.balPrepared !== replica.balMaxKnown) return undefined
  const slot = replica.instances.findIndex(({ status }) => status === 'empty')
  const command = shared.pending.find((one) => !replica.instances.some((instance) => instance.command === one))
  if (slot < 0 || command === undefined) return undefined
  const ballot = replica.balPrepared
  const instances = changed(replica.instances, slot, { status: 'accepting', command, voted: { ballot, command } })
  return {
    process: [i, { ...replica, instances }],
    shared: { ...shared, observed: observing(shared.observed, { type: 'request', command }) },
    sends: [
      { type: 'accept', source: i, ballot, slot, command },
      { type: 'acceptReply', source: i, ballot, slot },
    ],
  }
}

function handleAcceptReplies({ processes, shared, messages }: State, i: number, majority: number): Changed | undefined {
  const replica = processes[i]
  if (replica?.leader !== i || replica.balPrepared !== replica.balMaxKnown) return undefined
  const slot = replica.commitUpTo
  const replies = messages.filter(
    (message) => message.type === 'acceptReply' && message.slot === slot && message.ballot === replica.balPrepared,
  )
  const change = replies.length < majority ? undefined : committed(replica, i)
  if (change === undefined) return undefined
  const command = replica.instances[slot]?.command ?? ''
  const pending = shared.pending.filter((one) => one !== command)
  const observed = observing(shared.observed, { type: 'answer', command, was: replica.value })
  return { ...change, shared: { pending, observed }, sends: [{ type: 'commitNotice', upTo: slot + 1 }] }
}

/** A client sees everything once. */
function observing(observed: readonly Observed[], event: Observed): readonly Observed[] {
  const text = JSON.stringify(event)
  return observed.some((one) => JSON.stringify(one) === text) ? observed : [...observed, event]
}

function renamed(order: readonly number[]): ModelRenaming<Replica, Clients, Message> {
  const number = (replica: number): number => order[replica] ?? replica
  return {
    number,
    process: (replica) => (replica.leader === undefined ? replica : { ...replica, leader: number(replica.leader) }),
    shared: (shared) => shared,
    message: (message) => ('source' in message ? { ...message, source: number(message.source) } : message),
  }
}
