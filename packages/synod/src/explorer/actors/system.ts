import type { Environment, NodeId, Protocol, TimerName } from '../../core/index.ts'

/** Any class that is written in the contract. */
export type Participant = Protocol<unknown, never, never>
export type StateOf<P extends Participant> = P['state']
export type MessageOf<P extends Participant> = Parameters<P['receive']>[0]
export type DurableOf<P extends Participant> = Parameters<P['restore']>[0]
/** What it may ask of the world, whatever abilities it wants besides. */
export type EnvironmentOf<P extends Participant> = Environment<MessageOf<P>, DurableOf<P>>

/** The nodes that are explored, what is between them, and what may happen to them. */
export interface System<P extends Participant, Env extends EnvironmentOf<P>, History = null> {
  readonly nodes: readonly NodeId[]
  /** The production class. Called once for each node: states are put in and taken out. */
  readonly make: (env: Env, self: NodeId) => P
  /** The further calls of its environment, by name: its abilities. Each is an output that the history may record. */
  readonly abilities?: readonly (keyof Env & string)[]
  /** What the disk of a node holds before its first start. */
  readonly bootstrap?: (node: P) => readonly DurableOf<P>[]
  readonly network: NetworkKind
  /** `event`: what was persisted is durable when a sync has happened, which may be late or never. `at once`: when the handler returns. */
  readonly sync?: 'event' | 'at once'
  /** What of everything that happened the properties must know; part of the state, so that no two pasts are taken for one. */
  readonly history?: HistoryFold<History>
  readonly properties?: readonly SystemProperty<StateOf<P>, MessageOf<P>, History>[]
  /** What holds between a node before an event and after it. */
  readonly steps?: readonly StepProperty<StateOf<P>>[]
  readonly bounds?: Bounds<P>
  /**
   * What has happened where the search begins, event by event: for each some words, of which the event is the first that has
   * them all. What is far away is looked for from there; it counts within the bounds.
   */
  readonly before?: readonly (readonly string[])[]
  /**
   * Tells messages that can no longer matter to a node in this state, nor in any that follows: they are dropped, which
   * leaves out nothing. `prove` holds it against the handler.
   */
  readonly dead?: (message: MessageOf<P>, from: NodeId, state: StateOf<P>, self: NodeId) => boolean
  /** Nothing is dropped, and each message that `dead` names is delivered: it must do nothing, and stay dead. */
  readonly prove?: boolean
  /**
   * States that differ by the names of nodes alone are one. Refused, while it goes on, where a handler, a bound, the
   * history or a property compares names.
   */
  readonly symmetric?: boolean
  /** A delivery without any effect is a transition, too: it takes the message away. Otherwise it is none, and the message stays. */
  readonly everyDelivery?: boolean
  /**
   * Fields, of whatever it be, that keep nodes as a set: sorted by name. Under other names they are sorted again. Any other
   * list is in the order of what happened, and stays in it.
   */
  readonly sets?: readonly string[]
  /** The order in which messages are delivered, where it matters which state is found first. */
  readonly deliveryOrder?: (a: Envelope<MessageOf<P>>, b: Envelope<MessageOf<P>>) => number
}

/**
 * `set`: equal messages under way are one. `multiset`: they are counted. `duplicating`: a set from which delivery takes
 * nothing; it remembers which message was the last. `ordered`: a queue for each pair, of which the first may be delivered.
 */
export type NetworkKind = 'set' | 'multiset' | 'duplicating' | 'ordered'

export interface Envelope<Message> {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: Message
}

/** What is explored at most. */
export interface Bounds<P extends Participant> {
  /** Of all nodes together. None by default. */
  readonly crashes?: number
  /** Messages that are lost; `any` number. None by default: one that is late for ever is as good as lost, but for what it hides in a queue. */
  readonly losses?: number | 'any'
  /** Deliveries of which the message stays under way, to arrive once more. None by default. */
  readonly duplicates?: number
  /** Calls from outside: each may happen once, at any node that is up. */
  readonly inputs?: readonly Input<P>[]
  /** Of all nodes together, for timers that may not fire as often as they are armed. */
  readonly timeouts?: Readonly<Record<TimerName, number>>
  /** Whether a timer that is armed may fire in this state. Yes by default. */
  readonly fires?: (timer: TimerName, state: StateOf<P>) => boolean
  /** Which do not, for people. */
  readonly firesText?: string
  /** Where it does not hold of a node, the transition is left out. */
  readonly within?: (state: StateOf<P>) => boolean
  /** What `within` says, for people. */
  readonly withinText?: string
}

export interface Input<P> {
  readonly name: string
  readonly call: (node: P) => void
}

/** A call of one of the abilities. */
export interface Output {
  readonly node: NodeId
  readonly call: string
  readonly arguments: readonly unknown[]
}

export interface HistoryFold<History> {
  readonly initial: History
  /** The same value if the output is none that counts. */
  readonly record: (history: History, output: Output) => History
}

/** A node as properties see it. */
export interface SituationNode<State> {
  readonly id: NodeId
  readonly up: boolean
  /** Of a node that is down: what its disk has. */
  readonly state: State
  /** What a loss of power would leave, folded by the protocol's own `restore`. */
  readonly durable: State
}

/** All that properties may read but for the messages under way. */
export interface Situation<State, History> {
  readonly nodes: readonly SituationNode<State>[]
  readonly history: History
}

export type SystemProperty<State, Message, History> =
  | {
      readonly kind: 'always'
      readonly name: string
      /** What is broken. */
      readonly broken: (situation: Situation<State, History>) => string | undefined
    }
  | {
      readonly kind: 'always'
      readonly name: string
      /** What is broken in a history, whatever the nodes are like. */
      readonly brokenHistory: (history: History) => string | undefined
    }
  | {
      readonly kind: 'sometimes'
      readonly name: string
      readonly seen: (situation: Situation<State, History>) => boolean
    }
  | {
      readonly kind: 'sometimes'
      readonly name: string
      /** Such a message is under way. */
      readonly sent: (message: Message) => boolean
    }

export interface StepProperty<State> {
  readonly name: string
  readonly broken: (before: SituationNode<State>, after: SituationNode<State>) => string | undefined
}
