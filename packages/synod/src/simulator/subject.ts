import type { Invariant, Milliseconds, NodeId, Ports, RandomState } from '../core/index.ts'
import type { FaultType } from './faults.ts'
import type { Errand, Plan } from './plan.ts'
import type { Inhabitant, World } from './world.ts'

/** How a client's operation ended, as far as the client knows. */
export type Answer = 'ok' | 'rejected' | 'unknown'

/** Something that a run should have seen at least once: if no run ever does, the runs are too tame. */
export interface Situation<Node> {
  readonly name: string
  /** Begins to watch one run; called after every event with the node at which it happened. */
  readonly watch: () => (node: Node, nodes: readonly Node[]) => boolean
}

/** Something that runs measure, in samples: those of many runs are put together. */
export interface Figure {
  /** What was measured: of a run that drew its settings, those that matter. */
  readonly series: string
  readonly quantity: string
  readonly unit: string
  readonly values: readonly number[]
}

/** What is put into a world and attacked: a protocol, with all that surrounds it. */
export interface Subject<Dweller extends Inhabitant = Inhabitant, Node = unknown> {
  readonly name: string
  /** How many nodes a swarm may give it; each one as likely as the others. */
  readonly sizes: readonly number[]
  /** How large its election timeouts, retries and the like are: the swarm's pace is drawn around it. */
  readonly pace: Milliseconds
  /** Whether a power cut, a lost disk, a damaged file mean anything to it. */
  readonly durable: boolean
  /** The only kinds of faults that it is made for: a swarm leaves the others out. Left out: all of them. */
  readonly faults?: readonly FaultType[]
  /** How many of so many nodes may lose what is on their disks, or be lost for good. */
  readonly frail: (nodes: number) => number
  /** Draws its own settings, a JSON value: they are written into the plan. */
  settings(stream: RandomState, nodes: readonly NodeId[]): unknown
  /** One operation of a client, a JSON value. */
  operation(stream: RandomState): unknown
  /** What an administrator does to it. Left out: who takes part at the beginning takes part for ever. */
  readonly administration?: Administration
  /** Begins one run. */
  play(plan: Plan, stage: Stage<Dweller>): Play<Dweller, Node>
}

/** Who takes part, and who leads, is changed by an administrator: a swarm's plan has errands then. */
export interface Administration {
  /** Draws what is done at these times; for some of them it may be nothing. */
  draw(stream: RandomState, times: readonly Milliseconds[], around: AroundErrands): readonly Errand[]
  /** What an errand asks for, as a person reads it. */
  describe(operation: unknown): string
}

export interface AroundErrands {
  /** Who takes part at the beginning. */
  readonly nodes: readonly NodeId[]
  /** They keep the others' losses within what the protocol survives: they must stay what they are. */
  readonly lasting: readonly NodeId[]
  /** Of its subject. */
  readonly pace: Milliseconds
}

/** What a play may know of the world around it. */
export interface Stage<Dweller extends Inhabitant> {
  readonly world: World<Dweller>
  readonly now: () => Milliseconds
  /** Something is wrong that no invariant looks at. */
  violation(invariant: string, message: string): void
  /** Between events, what takes long says now and then that it goes on: whoever waits for the run would think it hangs. */
  beat(): void
}

/** One run of a subject. */
export interface Play<Dweller extends Inhabitant, Node> {
  readonly invariants: readonly Invariant<Node>[]
  readonly situations: readonly Situation<Node>[]
  /** A member over its ports, at each start of its node. */
  member(id: NodeId, ports: Ports, diskId: string): Dweller
  /** A node as the invariants see it, always the same object for the same node; undefined: there is nothing to see yet. */
  node(id: NodeId): Node | undefined
  /** Submits a client's operation; `answer` is called once, if ever, with all that was `said` to the client. */
  submit(id: NodeId, client: string, operation: unknown, answer: (how: Answer, said?: string) => void): void
  /** Puts an administrator's operation to a node; `answer` is called once, if ever. Needed where errands are drawn. */
  administer?(id: NodeId, operation: unknown, answer: (how: Answer) => void): void
  /** The client will not wait any longer, or its connection is gone. */
  abandoned(client: string): void
  /**
   * Called after every event. false: nothing that invariants and situations read of this node is other than after its last
   * event, so that none of them would say anything else. Answers that only if it compares all that they read.
   */
  changed?(id: NodeId): boolean
  /** Whether a node may halt by itself, saying so. */
  mayHalt(id: NodeId, code: string): boolean

  // Liveness

  /** A quorum that can get on by itself if everything within it works; undefined: none can. */
  core(candidates: readonly NodeId[]): readonly NodeId[] | undefined
  /** Whether a node works, and so may be of a core. */
  takesPart(id: NodeId): boolean
  /** Whether a node that does not may not be blamed for it: the plan itself took it away, for longer than there is time. */
  mayBeMissing(id: NodeId): boolean
  /** Whether the core has got on and is level. Asked again and again; may submit operations of its own. */
  settled(core: readonly NodeId[]): boolean
  /** What a node waits for, in a line. */
  waitsFor(id: NodeId): string

  /** What was measured, asked at the end of the run. Left out: nothing is. */
  figures?(): readonly Figure[]
  /** At the end of the run: what the history, and all that was remembered, says. */
  judge(): void
}
