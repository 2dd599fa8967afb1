import type { NodeId, Protocol } from '../../../core/index.ts'
import { nothing, type RegisterEnvironment, type RegisterMessage } from './messages.ts'
import { registerSystem, type RegisterBounds, type RegisterSystem } from './register-system.ts'

/** When a value was written, and by whom: of two at the same time the one of the higher server counts. */
interface Sequence {
  readonly clock: number
  readonly server: NodeId
}

interface Versioned {
  readonly sequence: Sequence
  readonly value: string
}

type Internal =
  | { readonly type: 'query'; readonly request: number }
  | ({ readonly type: 'queried'; readonly request: number } & Versioned)
  | ({ readonly type: 'record'; readonly request: number } & Versioned)
  | { readonly type: 'recorded'; readonly request: number }

type Message = RegisterMessage<Internal>

/** The operation that a server carries out for a client. */
type Phase =
  /** Asks what there is. `write`: undefined for a read. */
  | {
      readonly phase: 1
      readonly request: number
      readonly client: NodeId
      readonly write: string | undefined
      readonly answers: Readonly<Record<NodeId, Versioned>>
    }
  /** Tells what there is from now on. `read`: undefined for a write. */
  | {
      readonly phase: 2
      readonly request: number
      readonly client: NodeId
      readonly read: string | undefined
      readonly acknowledged: readonly NodeId[]
    }

interface State extends Versioned {
  sequence: Sequence
  value: string
  phase: Phase | undefined
}

/**
 * A register on many servers without consensus (Attiya, Bar-Noy, Dolev 1995): a write asks a majority for the newest
 * version and gives a majority a newer one; a read gives the newest one that it finds to a majority before it answers.
 */
export class AttiyaBarNoyDolev implements Protocol<State, Message, never> {
  state: State
  private readonly env: RegisterEnvironment<Internal>
  private readonly peers: readonly NodeId[]
  private readonly majority: number

  constructor(env: RegisterEnvironment<Internal>, peers: readonly NodeId[]) {
    this.env = env
    this.peers = peers
    this.majority = Math.floor((peers.length + 1) / 2) + 1
    this.state = { sequence: { clock: 0, server: env.self }, value: nothing, phase: undefined }
  }

  restore(): void {}
  start(): void {}
  timeout(): void {}

  receive(message: Message, from: NodeId): void {
    const { state, env } = this
    switch (message.type) {
      case 'put':
        return this.begin(message.request, from, message.value)
      case 'get':
        return this.begin(message.request, from, undefined)
      case 'query':
        return env.send(from, {
          type: 'queried',
          request: message.request,
          sequence: state.sequence,
          value: state.value,
        })
      case 'queried':
        return this.onQueried(message.request, message, from)
      case 'record':
        this.adopt(message)
        return env.send(from, { type: 'recorded', request: message.request })
      case 'recorded':
        return this.onRecorded(message.request, from)
      case 'putOk':
      case 'getOk':
        return undefined
    }
  }

  /** One operation at a time; who is busy does not answer. */
  private begin(request: number, client: NodeId, write: string | undefined): void {
    const { state, env } = this
    if (state.phase !== undefined) return
    const own = { sequence: state.sequence, value: state.value }
    state.phase = { phase: 1, request, client, write, answers: { [env.self]: own } }
    this.broadcast({ type: 'query', request })
  }

  private onQueried(request: number, { sequence, value }: Versioned, from: NodeId): void {
    const { state, env } = this
    if (state.phase?.phase !== 1 || state.phase.request !== request) return
    const { client, write } = state.phase
    const answers = { ...state.phase.answers, [from]: { sequence, value } }
    state.phase = { ...state.phase, answers }
    if (Object.keys(answers).length !== this.majority) return
    const newest = Object.values(answers).reduce((a, b) => (isLater(b.sequence, a.sequence) ? b : a))
    const version =
      write === undefined ? newest : { sequence: { clock: newest.sequence.clock + 1, server: env.self }, value: write }
    this.broadcast({ type: 'record', request, ...version })
    this.adopt(version)
    const read = write === undefined ? newest.value : undefined
    state.phase = { phase: 2, request, client, read, acknowledged: [env.self] }
  }

  private onRecorded(request: number, from: NodeId): void {
    const { state, env } = this
    if (state.phase?.phase !== 2 || state.phase.request !== request) return
    const { client, read } = state.phase
    if (state.phase.acknowledged.includes(from)) return
    const acknowledged = [...state.phase.acknowledged, from].toSorted()
    state.phase = { ...state.phase, acknowledged }
    if (acknowledged.length !== this.majority) return
    state.phase = undefined
    env.send(client, read === undefined ? { type: 'putOk', request } : { type: 'getOk', request, value: read })
  }

  private adopt({ sequence, value }: Versioned): void {
    const { state } = this
    if (!isLater(sequence, state.sequence)) return
    state.sequence = sequence
    state.value = value
  }

  private broadcast(message: Message): void {
    for (const peer of this.peers) this.env.send(peer, message)
  }
}

function isLater(a: Sequence, b: Sequence): boolean {
  return a.clock > b.clock || (a.clock === b.clock && a.server > b.server)
}

export function abdRegister(bounds: RegisterBounds): RegisterSystem<State, Internal> {
  return registerSystem<State, Internal>(bounds, (env, _, peers) => new AttiyaBarNoyDolev(env, peers))
}
