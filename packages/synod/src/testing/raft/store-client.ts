import { assert, decodeUtf8, encodeUtf8, Rejected, Writer, type Failure, type NodeId } from '../../core/index.ts'
import {
  Recorder,
  type Change,
  type StoreCompare,
  type StoreKeyValue,
  type StoreOperation,
  type StoreRequest,
  type StoreResponse,
  type StoreResult,
} from '../../history/index.ts'
import type { Answer } from '../../simulator/index.ts'
import {
  checkTxn,
  compareResults,
  compareTargets,
  encodeOperation,
  errors,
  putOf,
  rangeOf,
  type Compare,
  type KeyValue,
  type Operation,
  type OperationResult,
  type RangeRequest,
  type RangeResult,
  type ReplicatedStore,
  type RequestOp,
  type ResponseOp,
  type Store,
  type StoreContext,
  type StoreError,
} from '../../store/index.ts'

/** Whatever takes a client's operation. */
interface Door {
  submit(operation: Uint8Array, context: StoreContext): void
  read(context: StoreContext): void
}

/** Clients of the replicated store, in the words of its history model, whose history is recorded. */
export class StoreClients {
  readonly recorder: Recorder<StoreOperation, StoreResult> = new Recorder('store')
  private readonly now: () => number
  /** Whose operation is under way. */
  private readonly waiting = new Map<string, StoreContext>()
  /** What made each revision, as the first member that applied it told. */
  private readonly revisions = new Map<number, string>()

  constructor(now: () => number) {
    this.now = now
  }

  submit(
    door: Door,
    machine: ReplicatedStore,
    client: string,
    operation: StoreOperation,
    answer: (how: Answer, said: string) => void,
  ): void {
    this.recorder.invoke(client, this.now(), operation)
    const settle = (how: Answer, said: string, record: () => void): void => {
      // Nobody listens any more.
      if (this.waiting.get(client) !== context) return
      this.waiting.delete(client)
      record()
      answer(how, said)
    }
    const ok = (result: StoreResult): void =>
      settle('ok', JSON.stringify(result), () => this.recorder.ok(client, this.now(), result))
    const context: StoreContext = {
      applied: (result) => ok(resultOf(result)),
      readable: () => {
        assert(operation.type === 'get', 'only a get is read')
        ok(rangeIn(machine.store, operation))
      },
      failed: (error: Failure) =>
        error instanceof Rejected
          ? settle('rejected', error.message, () => this.recorder.rejected(client, this.now(), error.detail.code))
          : settle('unknown', error.message, () => this.recorder.unknown(client, this.now(), error.detail.code)),
    }
    this.waiting.set(client, context)
    if (operation.type === 'get') door.read(context)
    else door.submit(encoded(operation), context)
  }

  /** The client has stopped waiting. */
  abandoned(client: string): void {
    if (!this.waiting.delete(client)) return
    this.recorder.unknown(client, this.now(), 'no answer')
  }

  /** A member applied a revision. Answers what is wrong with that. */
  changed(id: NodeId, revision: number, changes: readonly KeyValue[]): string | undefined {
    const all = changes.map(changeOf)
    const text = JSON.stringify(all)
    const known = this.revisions.get(revision)
    if (known !== undefined)
      return known === text ? undefined : `revision ${revision} is ${text} on ${id}, and was ${known} elsewhere`
    this.revisions.set(revision, text)
    this.recorder.observed(this.now(), revision, all)
    return undefined
  }
}

function changeOf(kv: KeyValue): Change {
  const key = decodeUtf8(kv.key)
  return kv.version === 0 ? { type: 'delete', key } : { type: 'put', key, value: decodeUtf8(kv.value) }
}

const out = new Writer()

/** Good until the next one is: a door copies it. */
function encoded(operation: StoreOperation): Uint8Array {
  out.reset()
  encodeOperation(out, operationOf(operation))
  return out.control.subarray(0, out.length)
}

function operationOf(operation: StoreOperation): Operation {
  if (operation.type === 'compact') return { type: 'compact', revision: operation.revision, physical: false }
  if (operation.type === 'observe' || operation.type === 'within')
    throw new TypeError(`${operation.type} is no client's operation`)
  const request = requestOf(operation)
  if (request === undefined || request.type === 'range') throw new TypeError('a read is not replicated')
  if (request.type === 'txn') {
    const refused = checkTxn(request)
    if (refused !== undefined) throw new TypeError(`this transaction is refused: ${refused.message}`)
  }
  return request
}

const none = new Uint8Array(0)

function rangeRequest({ key, end, ...options }: Extract<StoreRequest, { type: 'get' }>): RangeRequest {
  const { limit = 0, revision = 0, serializable = false } = options
  const rangeEnd = end === undefined ? none : encodeUtf8(end)
  return rangeOf(encodeUtf8(key), { rangeEnd, limit, revision, serializable })
}

function requestOf(operation: StoreRequest): RequestOp {
  switch (operation.type) {
    case 'get':
      return rangeRequest(operation)
    case 'put':
      return putOf(encodeUtf8(operation.key), encodeUtf8(operation.value))
    case 'delete': {
      const rangeEnd = operation.end === undefined ? none : encodeUtf8(operation.end)
      return { type: 'deleteRange', key: encodeUtf8(operation.key), rangeEnd, prevKv: false }
    }
    case 'txn':
      return {
        type: 'txn',
        compare: operation.compare.map(compareOf),
        success: operation.success.map(requestOf),
        failure: operation.failure.map(requestOf),
      }
  }
}

const results = {
  '=': compareResults.equal,
  '!=': compareResults.notEqual,
  '<': compareResults.less,
  '>': compareResults.greater,
} as const

function compareOf(compare: StoreCompare): Compare {
  const common = { result: results[compare.is], key: encodeUtf8(compare.key), rangeEnd: none }
  switch (compare.target) {
    case 'value':
      return {
        ...common,
        target: compareTargets.value,
        operand: { field: 'value', bytes: encodeUtf8(compare.operand) },
      }
    case 'version':
      return { ...common, target: compareTargets.version, operand: { field: 'version', number: compare.operand } }
    case 'create':
      return {
        ...common,
        target: compareTargets.createRevision,
        operand: { field: 'createRevision', number: compare.operand },
      }
    case 'mod':
      return {
        ...common,
        target: compareTargets.modRevision,
        operand: { field: 'modRevision', number: compare.operand },
      }
  }
}

function rangeIn(store: Store, operation: Extract<StoreRequest, { type: 'get' }>): StoreResult {
  return resultOf(store.range(rangeRequest(operation)))
}

function resultOf(result: OperationResult | RangeResult): StoreResult {
  switch (result.type) {
    case 'error':
      return refusalOf(result)
    case 'compact':
      return { type: 'compact', revision: result.revision }
    case 'range':
    case 'put':
    case 'deleteRange':
    case 'txn':
      return { ...responseOf(result), revision: result.revision }
    case 'alarm':
    case 'leaseExpire':
    case 'leaseGrant':
    case 'leaseLead':
    case 'leaseRevoke':
    case 'nothing':
      throw new TypeError(`no client asked for ${result.type}`)
  }
}

function refusalOf(error: StoreError): StoreResult {
  if (error.message === errors.compacted.message) return { type: 'error', error: 'compacted' }
  if (error.message === errors.futureRevision.message) return { type: 'error', error: 'future-revision' }
  throw new TypeError(`an operation that was checked is refused: ${error.message}`)
}

function responseOf(result: ResponseOp): StoreResponse {
  switch (result.type) {
    case 'range':
      return { type: 'get', kvs: result.kvs.map(keyValueOf), count: result.count }
    case 'put':
      return { type: 'put' }
    case 'deleteRange':
      return { type: 'delete', deleted: result.deleted }
    case 'txn':
      return { type: 'txn', succeeded: result.succeeded, responses: result.responses.map(responseOf) }
  }
}

function keyValueOf(kv: KeyValue): StoreKeyValue {
  return {
    key: decodeUtf8(kv.key),
    value: decodeUtf8(kv.value),
    createRevision: kv.createRevision,
    modRevision: kv.modRevision,
    version: kv.version,
  }
}
