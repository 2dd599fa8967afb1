import type { Change } from '../history.ts'
import type { StoreCompare, StoreOperation, StoreRequest, StoreResponse, StoreResult } from './store-operations.ts'
import type { StoreState } from './store-run.ts'

/** An operation and its answer, for people: `put "a" "1" → @2`; revisions follow an @, or stand in parentheses. */
export function describe(operation: StoreOperation, result: StoreResult | undefined): string {
  const asked = describeOperation(operation)
  if (result === undefined || result.type === 'observe') return asked
  if (result.type === 'error') return `${asked} → ${result.error}`
  const answered = result.type === 'compact' ? '' : describeResponse(result)
  return `${asked} →${answered === '' ? '' : ` ${answered}`} @${result.revision}`
}

function describeOperation(operation: StoreOperation): string {
  switch (operation.type) {
    case 'get': {
      const { revision, limit, serializable } = operation
      const options = [
        revision === undefined ? '' : ` at ${revision}`,
        limit === undefined ? '' : ` limit ${limit}`,
        serializable === true ? ' serializable' : '',
      ]
      return `get ${rangeText(operation.key, operation.end)}${options.join('')}`
    }
    case 'put':
      return `put ${quoted(operation.key)} ${quoted(operation.value)}`
    case 'delete':
      return `delete ${rangeText(operation.key, operation.end)}`
    case 'txn': {
      const { compare, success, failure } = operation
      const branch = (requests: readonly StoreRequest[]): string => requests.map(describeOperation).join('; ')
      return `txn if ${compare.map(describeCompare).join(' and ') || 'true'} { ${branch(success)} } else { ${branch(failure)} }`
    }
    case 'compact':
      return `compact ${operation.revision}`
    case 'within':
      return `${describeOperation(operation.request)} (revision ${operation.revisions.join(' or ')}, if it happened)`
    case 'observe':
      return `saw ${operation.seen.map(({ revision, changes }) => `@${revision} ${changes.map(describeChange).join(', ')}`).join('; ')}`
  }
}

function describeResponse(response: StoreResponse): string {
  switch (response.type) {
    case 'get':
      return (
        response.kvs
          .map(({ key, value, modRevision }) => `${quoted(key)}=${quoted(value)}(${modRevision})`)
          .join(' ') || 'nothing'
      )
    case 'put':
      return ''
    case 'delete':
      return `${response.deleted} deleted`
    case 'txn':
      return `${response.succeeded ? 'succeeded' : 'failed'} { ${response.responses.map(describeResponse).join('; ')} }`
  }
}

/** The newest revision and the first keys. */
export function describeState({ revision, compacted, kvs }: StoreState): string {
  const shown = kvs.slice(0, 8).map(({ key, value, modRevision }) => `${quoted(key)}=${quoted(value)}(${modRevision})`)
  const more = kvs.length > 8 ? [`… ${kvs.length - 8} more`] : []
  return [`@${revision}`, ...(compacted > 0 ? [`compacted at ${compacted}`] : []), ...shown, ...more].join(' ')
}

function describeCompare({ target, key, is, operand }: StoreCompare): string {
  return `${target}(${quoted(key)}) ${is} ${JSON.stringify(operand)}`
}

function describeChange(change: Change): string {
  return change.type === 'put' ? `${quoted(change.key)}=${quoted(change.value)}` : `${quoted(change.key)} deleted`
}

function rangeText(key: string, end: string | undefined): string {
  return end === undefined ? quoted(key) : `[${quoted(key)}, ${end === '\0' ? 'end' : quoted(end)})`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
