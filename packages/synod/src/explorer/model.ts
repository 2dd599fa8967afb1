/**
 * A specification in the manner of TLA+: processes, variables that they share, and the set of all messages that were
 * ever sent, which is never consumed. Values are plain data.
 */
export interface Model<Process, Shared, Message> {
  readonly initial: readonly ModelState<Process, Shared, Message>[]
  /** Calls `take` for each action that is enabled, with what it changes. */
  actions(state: ModelState<Process, Shared, Message>, take: Take<Process, Shared, Message>): void
  readonly properties?: readonly ModelProperty<Process, Shared, Message>[]
  /** All renamings under which the specification is the same, without the identity. */
  readonly symmetry?: readonly ModelRenaming<Process, Shared, Message>[]
}

export interface ModelState<Process, Shared, Message> {
  readonly processes: readonly Process[]
  readonly shared: Shared
  /** In no particular order. */
  readonly messages: readonly Message[]
}

/** What is left out stays as it is. */
export interface Change<Process, Shared, Message> {
  /** The process with this number becomes that. */
  readonly process?: readonly [number, Process]
  readonly shared?: Shared
  readonly sends?: readonly Message[]
}

export type Take<Process, Shared, Message> = (action: string, change: Change<Process, Shared, Message>) => void

export type ModelProperty<Process, Shared, Message> =
  | {
      readonly kind: 'always'
      readonly name: string
      /** What is broken. */
      readonly broken: (state: ModelState<Process, Shared, Message>) => string | undefined
    }
  | {
      readonly kind: 'sometimes'
      readonly name: string
      readonly seen: (state: ModelState<Process, Shared, Message>) => boolean
    }

export interface ModelRenaming<Process, Shared, Message> {
  /** The new number of a process. */
  readonly number: (process: number) => number
  readonly process: (process: Process) => Process
  readonly shared: (shared: Shared) => Shared
  readonly message: (message: Message) => Message
}
