/**
 * What happened, as seen by the clients: who asked for what when, and what became of it. A client has one operation in
 * flight; `Operation` and `Result` are plain JSON values that the model defines.
 */
export interface History<Operation = unknown, Result = unknown> {
  /** What it is to be judged by: the name of one of `models`, or of a model of one's own. */
  readonly model: string
  /** The state before the first event, where it is not the model's own. */
  readonly initial?: unknown
  /** Which of several histories of one file this is. */
  readonly name?: string
  /** In the order of their recording. Instants count, the order of the array only between answers of one client. */
  readonly events: readonly HistoryEvent<Operation, Result>[]
}

/** `time` is in milliseconds from any origin; two events at the same instant are not ordered. */
export type HistoryEvent<Operation = unknown, Result = unknown> =
  | Invoked<Operation>
  | Answered<Result>
  | NotAnswered
  | Observed

export interface Invoked<Operation = unknown> {
  readonly type: 'invoke'
  readonly time: number
  readonly client: string
  readonly operation: Operation
}

/** It happened, between its invocation and now. */
export interface Answered<Result = unknown> {
  readonly type: 'ok'
  readonly time: number
  readonly client: string
  readonly result: Result
}

/** `rejected`: it certainly did not happen and never will. `unknown`: it may have happened, or may at any later time. */
export interface NotAnswered {
  readonly type: 'rejected' | 'unknown'
  readonly time: number
  readonly client: string
  readonly reason: string
}

/** What somebody who is no client saw at this instant: the change that made a revision of the store. */
export interface Observed {
  readonly type: 'observed'
  readonly time: number
  readonly revision: number
  readonly changes: readonly Change[]
}

/** One key of a revision, as a watch or a member's log of applied commands tells it. */
export type Change =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string }

/** A history that is none: an answer that nobody waits for, a line that cannot be read. The message says where. */
export class MalformedHistory extends Error {
  override readonly name = 'MalformedHistory'

  constructor(message: string) {
    super(printable(message))
  }
}

/** What was found may be anything, and a terminal obeys control characters; some others turn its text around. */
function printable(text: string): string {
  return text.replaceAll(
    /[^ -~\u00A0-\u200D\u2010-\u2027\u202F-\u2065\u206A-\uFEFE\uFF00-\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
