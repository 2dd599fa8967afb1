/**
 * Histories and their judge: what clients asked for and were answered, and whether one copy of the data, asked by one
 * client after the other, could have answered so (linearizability).
 *
 * ```ts
 * const recorder = new Recorder<RegisterOperation, RegisterResult>('register')
 * recorder.invoke('a', 0, { type: 'write', value: 1 })
 * recorder.unknown('a', 5, 'timeout')
 * recorder.invoke('b', 6, { type: 'read' })
 * recorder.ok('b', 7, 1)
 * check(recorder.history(), register()).outcome // 'linearizable': the write may have happened
 * ```
 *
 * `check` judges a whole history, `IncrementalChecker` one that is still being recorded, `explain` finds the smallest part
 * that is wrong. The room has no clock, no files and no randomness of its own.
 *
 * @module
 */
export { check } from './check.ts'
export type { Cost, Verdict } from './check.ts'
export type { Call } from './calls.ts'
export { parseHistories, parseHistory } from './formats/parse.ts'
export { historyVersion, writeHistory } from './formats/json-lines.ts'
export { MalformedHistory } from './history.ts'
export type { Answered, Change, History, HistoryEvent, Invoked, NotAnswered, Observed } from './history.ts'
export type { Exhausted, Limits } from './limits.ts'
export { determinize } from './model.ts'
export type { Model, NondeterministicModel, Possible } from './model.ts'
export { modelNames, modelOf } from './models/catalogue.ts'
export { lock, queue, set } from './models/collections.ts'
export type { LockOperation, QueueOperation, QueueResult, SetOperation, SetResult } from './models/collections.ts'
export { keyValue } from './models/key-value.ts'
export type { KeyValueOperation, KeyValueResult } from './models/key-value.ts'
export { nondeterministicRegister, register } from './models/register.ts'
export type { RegisterOperation, RegisterResult, SubsetOperation, Value } from './models/register.ts'
export { store } from './models/store.ts'
export type { StoreInitial } from './models/store.ts'
export type {
  Revision,
  StoreCompare,
  StoreKeyValue,
  StoreOperation,
  StoreRefusal,
  StoreRequest,
  StoreResponse,
  StoreResult,
} from './models/store-operations.ts'
export type { StoreState } from './models/store-run.ts'
export { Recorder } from './recorder.ts'
export { IncrementalChecker } from './incremental.ts'
export type { IncrementalVerdict } from './incremental.ts'
export { draw } from './drawing.ts'
export type { Drawing, DrawnCall, Partial } from './drawing.ts'
export { explain } from './explain.ts'
export type { Explanation } from './explain.ts'
export { verdictText } from './verdict-text.ts'
