import { crc32, openFrame, Writer, type Milliseconds, type NodeId } from 'synod'
import { defaultMemberOptions, readWire, type Member, type MemberOptions } from 'synod/member'
import * as multiPaxos from 'synod/multi-paxos'
import * as raft from 'synod/raft'
import { encodeOperation, putOf, ReplicatedStore, type StoreContext } from 'synod/store'
import { MemberWorld, type EngineParts } from 'synod/testing'

export const engineNames = ['raft', 'multi-paxos'] as const
export type EngineName = (typeof engineNames)[number]

/** What was sent from member to member, and what the disks did. */
export interface Tally {
  frames: number
  bytes: number
  /** The same, by what is in them. */
  readonly kinds: Map<string, { frames: number; bytes: number }>
  syncs: number
}

export interface MeasuredWorldOptions {
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly options?: Partial<MemberOptions>
}

/** Either of the two worlds: what happens in them is asked for, and measured, in the same words. */
export type AnyWorld = MeasuredWorld<raft.Message, raft.Durable> | MeasuredWorld<multiPaxos.Message, multiPaxos.Durable>

/** With the settings of production; the same seed gives both engines the same machines, links and disks. */
export function measuredWorld(engine: EngineName, options: MeasuredWorldOptions): AnyWorld {
  switch (engine) {
    case 'raft':
      return new MeasuredWorld(options, {
        codec: raft.raftCodec,
        engine: (env) => new raft.Raft(env, raft.defaultRaftOptions),
        isEmpty: (message) => message.type === 'appendEntries' && message.entries.length === 0,
      })
    case 'multi-paxos':
      return new MeasuredWorld(options, {
        codec: multiPaxos.multiPaxosCodec,
        engine: (env) => new multiPaxos.MultiPaxos(env, multiPaxos.defaultMultiPaxosOptions),
        isEmpty: (message) => message.type === 'accept' && message.proposals.length === 0,
      })
  }
}

interface MeasuredEngine<Message, Durable> extends EngineParts<Message, Durable> {
  /** Of a message that usually carries values: this one carries none. */
  isEmpty(message: Message): boolean
}

/** Links and disks as in one data center. */
const latency = { kind: 'uniform', min: 0.1, max: 1 } as const
const syncTime = { kind: 'uniform', min: 0.1, max: 2 } as const

/** Production's members around its store, over either engine, on virtual machines; all that they say is counted. */
class MeasuredWorld<Message, Durable> extends MemberWorld<Message, Durable, StoreContext> {
  /** Of all nodes, since it was taken last. */
  private tally = emptyTally()

  constructor({ seed, nodes, options }: MeasuredWorldOptions, engine: MeasuredEngine<Message, Durable>) {
    super(
      {
        seed,
        nodes,
        latency,
        syncTime,
        machine: () => new ReplicatedStore(),
        options: { ...defaultMemberOptions, segmentBytes: 1024 * 1024, ...options },
      },
      engine,
    )
    this.onFrame = (from, to, frame) => {
      const wire = readWire(openFrame(frame, crc32), engine.codec)
      const isEmpty = wire.type === 'protocol' && engine.isEmpty(wire.message)
      const kind = wire.type === 'protocol' ? (wire.message as { readonly type: string }).type : wire.type
      return this.sent(from, to, frame.length, isEmpty ? `${kind}, empty` : kind)
    }
  }

  /** Whether a frame of so many bytes passes; for worlds in which a member is to miss something. */
  passes: (from: NodeId, to: NodeId, bytes: number) => boolean = () => true

  private sent(from: NodeId, to: NodeId, bytes: number, kind: string): boolean {
    this.tally.frames++
    this.tally.bytes += bytes
    const known = this.tally.kinds.get(kind) ?? { frames: 0, bytes: 0 }
    this.tally.kinds.set(kind, { frames: known.frames + 1, bytes: known.bytes + bytes })
    return this.passes(from, to, bytes)
  }

  /** Counts what the disks do as well, from now on. */
  watchDisks(): void {
    this.onDisk = (_node, operation) => {
      if (operation === 'sync') this.tally.syncs++
    }
  }

  /** Who leads from now on, once for each term, in order. */
  watchLeaders(): readonly NodeId[] {
    const leaders: NodeId[] = []
    const seen = new Set<number>()
    this.onEvent = ({ id, member, halted }) => {
      const standing = halted === undefined ? member?.standing : undefined
      if (standing?.leading !== true || seen.has(standing.term)) return
      seen.add(standing.term)
      leaders.push(id)
    }
    return leaders
  }

  /** What was sent and written since the last time. */
  taken(): Tally {
    const { tally } = this
    this.tally = emptyTally()
    return tally
  }

  /** Starts all, and runs until one of them leads and serves, and all have published where they are. Answers who leads. */
  begin(): NodeId {
    for (const id of this.options.nodes) this.start(id)
    this.untilServed()
    this.run(2000)
    const leader = this.leader()
    if (leader === undefined) throw new Error('a leader that served is gone')
    return leader
  }

  /** Runs until a put is answered. */
  private untilServed(): void {
    let served = false
    for (let tries = 0; !served; tries++) {
      if (tries > 100) throw new Error('nobody was elected, or nobody serves')
      this.run(10_000, () => this.leader() !== undefined)
      const at = this.leader()
      if (at === undefined) continue
      this.put(at, 256, (ok) => (served ||= ok))
      this.run(1000, () => served)
    }
  }

  /** Asks a member, if it runs; `answered` may never be called. */
  put(at: NodeId, size: number, answered: (ok: boolean) => void): void {
    this.ask(at, (member) => member.submit(putBytes(size), contextOf(answered)))
  }

  /** A linearizable one. */
  get(at: NodeId, answered: (ok: boolean) => void): void {
    this.ask(at, (member) => member.read(contextOf(answered)))
  }

  private ask(at: NodeId, call: (member: Member<Message, Durable, StoreContext>) => void): void {
    this.act(at, () => {
      const member = this.member(at)
      if (member !== undefined) call(member)
    })
  }

  /** Both directions. */
  sever(a: NodeId, b: NodeId): void {
    this.cut.add(`${a}>${b}`)
    this.cut.add(`${b}>${a}`)
  }

  /** Clients at these members, until `stop` is called: each asks, waits for the answer, pauses and asks again. */
  clients(at: readonly NodeId[], { size, pause }: ClientOptions, served: (askedAt: Milliseconds) => void): () => void {
    let isOver = false
    for (const id of at) {
      const ask = (): void => {
        if (isOver) return
        const askedAt = this.now
        let isSettled = false
        const next = (after: Milliseconds): void => {
          if (isSettled) return
          isSettled = true
          this.schedule.after(after, ask)
        }
        this.put(id, size, (ok) => {
          if (ok && !isOver) served(askedAt)
          next(pause)
        })
        this.schedule.after(clientPatience, () => next(0))
      }
      this.schedule.after(0, ask)
    }
    return () => {
      isOver = true
    }
  }
}

export interface ClientOptions {
  /** Bytes of a value. */
  readonly size: number
  readonly pause: Milliseconds
}

/** Then a client asks anew, and somebody else may have the answer. */
const clientPatience = 500

function emptyTally(): Tally {
  return { frames: 0, bytes: 0, kinds: new Map(), syncs: 0 }
}

function contextOf(answered: (ok: boolean) => void): StoreContext {
  return { applied: () => answered(true), readable: () => answered(true), failed: () => answered(false) }
}

const key = new TextEncoder().encode('key00001')
const operations = new Map<number, Uint8Array>()

function putBytes(size: number): Uint8Array {
  const known = operations.get(size)
  if (known !== undefined) return known
  const out = new Writer()
  out.reset()
  encodeOperation(out, putOf(key, new Uint8Array(size)))
  const bytes = out.control.slice(0, out.length)
  operations.set(size, bytes)
  return bytes
}
