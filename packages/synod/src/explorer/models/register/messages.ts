import type { Environment, NodeId } from '../../../core/index.ts'

/** What clients ask of a register, and what they are answered. `Internal` is what its servers say to each other. */
export type RegisterMessage<Internal> =
  | { readonly type: 'put'; readonly request: number; readonly value: string }
  | { readonly type: 'get'; readonly request: number }
  | { readonly type: 'putOk'; readonly request: number }
  | { readonly type: 'getOk'; readonly request: number; readonly value: string }
  | Internal

export type ClientMessage = RegisterMessage<never>

/** What a client did or saw: recorded in the history. */
export interface Operation {
  /** Undefined: a get. */
  readonly put?: string
}
export interface Answer {
  /** Undefined: of a put. */
  readonly value?: string
}

/** The two ends of an operation, as its client sees them. */
export interface Observes {
  invoked(operation: Operation): void
  answered(answer: Answer): void
}

export type RegisterEnvironment<Internal> = Environment<RegisterMessage<Internal>, never> & Observes

/** What a register has before anything is put. */
export const nothing = '-'

/** Nodes are named so that text order is the order of their numbers. */
export function nameOf(number: number): NodeId {
  return String.fromCharCode('a'.charCodeAt(0) + number)
}
