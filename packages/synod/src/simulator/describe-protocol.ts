import {
  majority,
  present,
  type Codec,
  type Invariant,
  type Milliseconds,
  type NodeId,
  type Ports,
  type Protocol,
  type RandomState,
} from '../core/index.ts'
import { consensusInvariants } from './consensus-invariants.ts'
import { pick } from './draws.ts'
import type { FaultType } from './faults.ts'
import { jsonCodec } from './json-codec.ts'
import { ObservedParticipant, type ParticipantEnvironment, type ParticipantNode } from './observed-participant.ts'
import { Participant } from './participant.ts'
import type { Json, Plan } from './plan.ts'
import type { Answer, Play, Situation, Stage, Subject } from './subject.ts'

/** The methods of a protocol that take one argument, but for those that every protocol has. */
type InputMethod<P> = {
  [M in keyof P]: P[M] extends (argument: never) => unknown ? M : never
}[Exclude<keyof P, keyof Protocol<unknown, unknown, unknown>>]

/** What of its author's protocol a simulation must be told. Only `name` and `make` are needed. */
export interface ProtocolDescription<P extends Protocol<unknown, Message, Durable>, Message, Durable> {
  /** In artefacts: what a replay is for. */
  readonly name: string
  /**
   * One participant: called at each start of a node, and once more for the copy that follows what is durable. Write the
   * types of its parameters: all others follow from them.
   */
  readonly make: (env: ParticipantEnvironment<Message, Durable>, nodes: readonly NodeId[], settings: Json) => P
  /** Its bytes. Otherwise JSON, and messages and records are plain values. */
  readonly codec?: Codec<Message, Durable>
  /** How many nodes a swarm may give it, each one as likely as the others. */
  readonly sizes?: readonly number[]
  /** How long its timeouts and retries are, roughly: faults last as long as it takes to trouble them. Default: 1,000 ms. */
  readonly pace?: Milliseconds
  /**
   * What is asked of it from outside: the method's name, and how an argument is drawn. A method may answer false: not
   * taken. Once the faults are over, each node of the core is asked once more.
   */
  readonly inputs?: {
    readonly [M in InputMethod<P>]?: (stream: RandomState) => P[M] extends (argument: infer A) => unknown ? A : never
  }
  /** Drawn for each run, and written into its plan. */
  readonly settings?: (stream: RandomState, nodes: readonly NodeId[]) => Json
  /** Asserted after every event. Default: agreement, integrity and validity. */
  readonly invariants?: readonly Invariant<ParticipantNode<P['state']>>[]
  /** What should be seen at least once in many runs. */
  readonly situations?: readonly Situation<ParticipantNode<P['state']>>[]
  /** How many of so many nodes must work for it to get on, or all that do. Default: a majority. */
  readonly quorum?: ((nodes: number, settings: Json) => number) | 'all that work'
  /** Who does not keep to the protocol: it is faulty already, and so never of a core. Default: nobody. */
  readonly liars?: (settings: Json) => readonly NodeId[]
  /** Whether the core has got on. Default: each node of it has decided. */
  readonly settled?: (core: readonly ParticipantNode<P['state']>[]) => boolean
  /** false: it assumes that whoever crashes never comes back (crash-stop); it has no disk then. Default: true. */
  readonly recovers?: boolean
  /** The only kinds of faults that it promises to survive. Default: all, but that disks forget. */
  readonly faults?: readonly FaultType[]
}

/** A bare protocol as something that can be put into a world and attacked: `drawPlan`, `simulate` and `shrink` take it. */
export function describeProtocol<P extends Protocol<unknown, Message, Durable>, Message, Durable>(
  description: ProtocolDescription<P, Message, Durable>,
): Subject<Participant<P, Message, Durable>, ParticipantNode<P['state']>> {
  return {
    name: description.name,
    sizes: description.sizes ?? [3, 3, 4, 5],
    pace: description.pace ?? 1000,
    durable: description.recovers ?? true,
    ...(description.faults !== undefined && { faults: description.faults }),
    // Nobody could tell it that its disk forgot what was synced: no protocol survives that by itself.
    frail: () => 0,
    settings: description.settings ?? (() => null),
    operation: (stream) => drawInput(description, stream),
    play: (plan, stage) => new ParticipantPlay(description, plan, stage),
  }
}

type Draw = (stream: RandomState) => Json

function inputsOf<P extends Protocol<unknown, Message, Durable>, Message, Durable>(
  description: ProtocolDescription<P, Message, Durable>,
): ReadonlyMap<string, Draw> {
  return new Map(Object.entries<unknown>(description.inputs ?? {}) as [string, Draw][])
}

/** `{ "propose": 7 }`: the method and its argument; an empty object where there is nothing to ask. */
function drawInput<P extends Protocol<unknown, Message, Durable>, Message, Durable>(
  description: ProtocolDescription<P, Message, Durable>,
  stream: RandomState,
): Json {
  const inputs = inputsOf(description)
  if (inputs.size === 0) return {}
  const [method, argument] = pick(stream, [...inputs])
  return { [method]: argument(stream) }
}

/** One run of a described protocol. */
class ParticipantPlay<P extends Protocol<unknown, Message, Durable>, Message, Durable> implements Play<
  Participant<P, Message, Durable>,
  ParticipantNode<P['state']>
> {
  readonly invariants: readonly Invariant<ParticipantNode<P['state']>>[]
  readonly situations: readonly Situation<ParticipantNode<P['state']>>[]
  private readonly description: ProtocolDescription<P, Message, Durable>
  private readonly plan: Plan
  private readonly stage: Stage<Participant<P, Message, Durable>>
  private readonly codec: Codec<Message, Durable>
  private readonly observed = new Map<NodeId, ObservedParticipant<P, Message, Durable>>()
  /** Who of the core was asked once more. */
  private readonly asked = new Set<NodeId>()

  constructor(
    description: ProtocolDescription<P, Message, Durable>,
    plan: Plan,
    stage: Stage<Participant<P, Message, Durable>>,
  ) {
    this.description = description
    this.plan = plan
    this.stage = stage
    this.codec = description.codec ?? jsonCodec()
    this.invariants = description.invariants ?? consensusInvariants
    this.situations = description.situations ?? []
  }

  member(id: NodeId, ports: Ports, diskId: string): Participant<P, Message, Durable> {
    const { codec, plan, description } = this
    const make = (env: ParticipantEnvironment<Message, Durable>): P =>
      description.make(env, plan.nodes, plan.settings as Json)
    const known = this.observed.get(id)
    const observed = known ?? new ObservedParticipant(id, make, codec)
    this.observed.set(id, observed)
    const over = known !== undefined && description.recovers === false
    const { world } = this.stage
    const node = world.node(id)
    const { life } = node
    const alive = (): boolean => node.lives(life)
    const goOn = (): void => world.schedule.goOn()
    return new Participant({ id, ports, diskId, nodes: plan.nodes, make, codec, observed, over, alive, goOn })
  }

  node(id: NodeId): ParticipantNode<P['state']> | undefined {
    const observed = this.observed.get(id)
    return observed === undefined || observed.incarnation === 0 ? undefined : observed
  }

  submit(id: NodeId, _client: string, operation: Json, answer: (how: Answer) => void): void {
    const { member } = this.stage.world.node(id)
    const inputs = inputsOf(this.description)
    let taken = true
    for (const [method, argument] of Object.entries(operation as Readonly<Record<string, Json>>)) {
      if (!inputs.has(method)) throw new TypeError(`${this.description.name} has no input ${method}`)
      taken = member?.ask(method, argument) === true && taken
    }
    answer(taken ? 'ok' : 'rejected')
  }

  /** An input is answered at once: nobody waits for long. */
  abandoned(): void {
    return undefined
  }

  mayHalt(id: NodeId, code: string): boolean {
    const { suffered } = this.stage.world.node(id).disk
    return code === 'disk' && (suffered.has('failingSync') || suffered.has('fullDisk'))
  }

  /** As small as it may be, and any of those that there are: drawn by the seed. */
  core(candidates: readonly NodeId[]): readonly NodeId[] | undefined {
    const { nodes, seed, settings } = this.plan
    const { quorum = majority, liars = () => [] } = this.description
    const lying = liars(settings as Json)
    const working = candidates.filter((id) => this.takesPart(id) && !lying.includes(id))
    const size = quorum === 'all that work' ? working.length : quorum(nodes.length, settings as Json)
    if (working.length < Math.max(1, size)) return undefined
    const first = seed % working.length
    return [...working.slice(first), ...working.slice(0, first)].slice(0, size).toSorted()
  }

  takesPart(id: NodeId): boolean {
    return this.stage.world.node(id).member?.phase === 'running'
  }

  /** Who crashes never comes back, where it is so. */
  mayBeMissing(): boolean {
    return this.description.recovers === false
  }

  settled(core: readonly NodeId[]): boolean {
    for (const id of core) if (!this.asked.has(id)) this.askOnceMore(id)
    const nodes = core.map((id) => present(this.observed.get(id), `${id} was started`))
    return this.description.settled?.(nodes) ?? nodes.every(({ decided }) => decided.length > 0)
  }

  private askOnceMore(id: NodeId): void {
    const { world } = this.stage
    this.asked.add(id)
    const operation = drawInput(this.description, world.draws.for(`once more: ${id}`))
    world.schedule.after(0, () => world.act(id, () => this.submit(id, 'once more', operation, () => undefined)))
  }

  waitsFor(id: NodeId): string {
    const { state, decided } = present(this.observed.get(id), `${id} was started`)
    const text = JSON.stringify(state) ?? 'unknown'
    const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text
    return `has ${decided.length === 0 ? 'decided nothing' : 'decided'}, its state is ${shown}`
  }

  /** Everything was looked at when it happened. */
  judge(): void {
    return undefined
  }
}
