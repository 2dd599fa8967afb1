/**
 * What a search explores. A state is a row of whole numbers: first the _slots_, each the number of an interned value
 * (what one node is, say), then bits, each for an interned item that is there or not (a message in flight). So a state
 * takes some ten numbers, however large its values are, and two states are equal if their numbers are. Zeros at the end
 * are left out of all comparisons, because the bits become more while a search goes on.
 */
export interface Space {
  readonly properties: readonly Property[]
  /** Numbers of the widest state by now. */
  readonly width: number
  /** The array belongs to the space, and is used again for the next one. */
  starts(visit: (state: Int32Array) => void): void
  /** Each transition once, in an order that depends on the state alone, with the number of its event. */
  successors(state: Int32Array, visit: (next: Int32Array, event: number) => void): void
  /** Which of the properties in `open` the state decides: it breaks what must always hold, or shows what must be seen somewhere. */
  judge(state: Int32Array, open: number): number
  /** In words, for people: what happens. */
  eventText(event: number): string
  /** What is broken or seen in a state that `judge` named the property for. */
  finding(state: Int32Array, property: number): string
  /** What it is. */
  stateText(state: Int32Array): string
  /** What the space left out so far, each in words with its number. */
  leftOut(): readonly string[]
  /** How it went: for people who ask where the time goes. */
  statistics(): Readonly<Record<string, number>>
  /**
   * Of all states that differ from this one by names alone the one that stands for them; undefined: each state stands for
   * itself. The array is used again for the next one. Starts and successors are not replaced by it, so that a path is a run.
   */
  readonly representative?: ((state: Int32Array) => Int32Array) | undefined
  /** Which events commute; undefined: nothing is known of that. */
  readonly independence?: Independence | undefined
}

/** `always`: holds in each state; one counterexample is enough. `sometimes`: is seen in some state; one example is enough. */
export interface Property {
  readonly name: string
  readonly kind: 'always' | 'sometimes'
  /** Comes with the space itself: a search that ends when all properties are decided does not wait for it. */
  readonly builtIn?: true
}

/** For sleep sets: whether two events lead to the same state in either order, wherever both can happen. */
export interface Independence {
  commute(event: number, other: number, state: Int32Array): boolean
}

/** What is decided is a bit for each. */
const mostProperties = 32

/** Throws `RangeError` where they are too many to be told apart. */
export function countable<P>(properties: readonly P[]): readonly P[] {
  if (properties.length <= mostProperties) return properties
  throw new RangeError(`at most ${mostProperties} properties, not ${properties.length}`)
}
