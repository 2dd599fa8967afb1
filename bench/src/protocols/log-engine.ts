import type { Milliseconds, NodeId } from 'synod'
import type { Member } from 'synod/member'
import { MemberWorld, TallyMachine, tallyOperation, type EngineParts, type TallyContext } from 'synod/testing'
import { names, stepsIn, times, type Steps } from './steps.ts'

/** Of one thing that a log engine does. */
export interface EngineCost {
  /** Until it is done, and those that it still causes then. */
  readonly messages: number
  readonly after: number
  readonly steps: Steps
}

/** So long that an election, a command and a read fit between two heartbeats. */
export const pace: { readonly electionTimeoutMin: Milliseconds; readonly heartbeatInterval: Milliseconds } = {
  electionTimeoutMin: 10_000,
  heartbeatInterval: 1000,
}

/** In such a time all is said. */
const quiet: Milliseconds = pace.heartbeatInterval / 10

/** Production's members in a world in which nothing goes wrong, and between two heartbeats nothing happens by itself. */
export class QuietCluster<Message, Durable> {
  private readonly world: MemberWorld<Message, Durable, TallyContext>
  private readonly machines = new Map<NodeId, TallyMachine>()
  private readonly n: number
  /** When each frame was sent. */
  private readonly sent: Milliseconds[] = []

  constructor(parts: EngineParts<Message, Durable>, n: number) {
    this.n = n
    this.world = new MemberWorld(
      {
        ...times,
        seed: 1,
        nodes: names(n),
        machine: (id) => this.machine(id),
        // what is counted is what the protocol says, not how long a leader waits for a next command to say it with
        options: { electionTimeout: pace.electionTimeoutMin, newsDelay: 0 },
      },
      parts,
    )
    this.world.onFrame = () => {
      this.sent.push(this.world.now)
      return true
    }
  }

  private machine(id: NodeId): TallyMachine {
    const machine = new TallyMachine()
    this.machines.set(id, machine)
    return machine
  }

  /** From the first candidate's first message to its leadership. */
  elect(): EngineCost {
    for (const id of this.world.nodes.keys()) this.world.start(id)
    if (!this.isLed()) throw new Error('nobody was elected')
    const cost = this.since(this.sent[0] ?? this.world.now)
    // What is left of the beginning, as far as from a heartbeat to the middle between it and the next.
    this.world.run(pace.heartbeatInterval / 2)
    return cost
  }

  /** A command, until its leader knows that it is decided. */
  put(): EngineCost {
    let known = false
    return this.ask(
      (member) => member.submit(tallyOperation(1), { ...nobody, applied: () => (known = true) }),
      () => known,
    )
  }

  /** A command, until all know that it is decided. */
  putEverywhere(): EngineCost {
    const before = this.applied()
    return this.ask(
      (member) => member.submit(tallyOperation(1), nobody),
      () => this.applied() === before + this.n,
    )
  }

  /** A linearizable read at the leader. */
  read(): EngineCost {
    let known = false
    return this.ask(
      (member) => member.read({ ...nobody, readable: () => (known = true) }),
      () => known,
    )
  }

  /** Whether a command is decided when so many have crashed, none of them the leader. */
  decidesWithout(crashed: number): boolean {
    const leader = this.world.leader()
    const others = [...this.world.nodes.keys()].filter((id) => id !== leader)
    for (const id of others.slice(0, crashed)) this.world.kill(id)
    let known = false
    this.act((member) => member.submit(tallyOperation(1), { ...nobody, applied: () => (known = true) }))
    return this.world.run(3 * pace.electionTimeoutMin, () => known)
  }

  private isLed(): boolean {
    return this.world.run(3 * pace.electionTimeoutMin, () => this.world.leader() !== undefined)
  }

  private applied(): number {
    return [...this.machines.values()].reduce((sum, { operations }) => sum + operations.length, 0)
  }

  private ask(what: (member: Asked<Message, Durable>) => void, isDone: () => boolean): EngineCost {
    const began = this.world.now
    this.act(what)
    if (!this.world.run(quiet, isDone)) throw new Error('nothing has come of it')
    return this.since(began)
  }

  private act(what: (member: Asked<Message, Durable>) => void): void {
    const leader = this.world.leader()
    const member = leader === undefined ? undefined : this.world.member(leader)
    if (leader === undefined || member === undefined) throw new Error('nobody leads')
    this.world.act(leader, () => what(member))
  }

  /** What is sent at this very moment has not brought it about. */
  private since(began: Milliseconds): EngineCost {
    const { now } = this.world
    this.world.run(quiet)
    const after = this.sent.filter((at) => at >= now).length
    return { messages: this.sent.filter((at) => at >= began).length - after, after, steps: stepsIn(now - began) }
  }
}

type Asked<Message, Durable> = Member<Message, Durable, TallyContext>

const nobody: TallyContext = { applied: () => undefined, readable: () => undefined, failed: () => undefined }
