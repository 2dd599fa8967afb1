import type { Shape } from '../formats/shape.ts'
import { list, literal, literals, number, oneOf, record, recursive, text, whole, yesOrNo } from '../formats/shape.ts'

const request: Shape = recursive('get, put, delete or txn', () => requests)
const response: Shape = recursive('the answer of get, put, delete or txn', () => oneOf(...responses({})))

const compare: Shape = oneOf(
  record({
    target: literals('version', 'create', 'mod'),
    key: text,
    is: literals('=', '!=', '<', '>'),
    operand: whole,
  }),
  record({ target: literal('value'), key: text, is: literals('=', '!=', '<', '>'), operand: text }),
)

const requests = oneOf(
  record({
    type: literal('get'),
    key: text,
    'end?': text,
    'revision?': whole,
    'limit?': whole,
    'serializable?': yesOrNo,
  }),
  record({ type: literal('put'), key: text, value: text }),
  record({ type: literal('delete'), key: text, 'end?': text }),
  record({ type: literal('txn'), compare: list(compare), success: list(request), failure: list(request) }),
)

const keyValue = record({
  key: text,
  value: text,
  createRevision: whole,
  modRevision: whole,
  version: whole,
})

function responses(header: Readonly<Record<string, Shape>>): Shape[] {
  return [
    record({ type: literal('get'), ...header, kvs: list(keyValue), 'count?': whole }),
    record({ type: literal('put'), ...header }),
    record({ type: literal('delete'), ...header, deleted: number }),
    record({ type: literal('txn'), ...header, succeeded: yesOrNo, responses: list(response) }),
  ]
}

/** What a file must hold for the model `store`. */
export const storeShapes: { readonly operation: Shape; readonly result: Shape; readonly initial: Shape } = {
  operation: oneOf(requests, record({ type: literal('compact'), revision: whole })),
  result: oneOf(
    ...responses({ revision: whole }),
    record({ type: literal('compact'), revision: whole }),
    record({ type: literal('error'), error: literals('compacted', 'future-revision') }),
  ),
  initial: record({ revision: whole, kvs: list(keyValue) }),
}
