import type { Shape } from '../formats/shape.ts'
import { list, literal, literals, number, oneOf, record, text, yesOrNo } from '../formats/shape.ts'
import type { History } from '../history.ts'
import { MalformedHistory } from '../history.ts'
import type { Model } from '../model.ts'
import { lock, queue, set } from './collections.ts'
import { keyValue } from './key-value.ts'
import type { RegisterResult } from './register.ts'
import { nondeterministicRegister, register } from './register.ts'
import { storeShapes } from './store-shapes.ts'
import { store } from './store.ts'

/** A model that is known by name: how it is made, and what a file must hold for it. */
export interface CatalogueEntry {
  readonly operation: Shape
  readonly result: Shape
  readonly initial: Shape
  create(initial: unknown): Model<unknown, unknown, unknown>
}

const value = oneOf(text, number, yesOrNo, literal(null))
const content = oneOf(text, number, yesOrNo)
const nothing = literal(null)

const registerEntry = (name: string): CatalogueEntry =>
  entry({
    operation: oneOf(
      record({ type: literal('read') }),
      record({ type: literal('write'), value }),
      record({ type: literal('cas'), from: value, to: value }),
    ),
    result: value,
    initial: value,
    create: (initial?: RegisterResult) => register(initial, name),
  })

/** The models that a file may name. */
export const catalogue: Readonly<Record<string, CatalogueEntry>> = {
  register: registerEntry('register'),
  'cas-register': registerEntry('cas-register'),
  'key-value': entry({
    operation: oneOf(
      record({ type: literal('get'), key: text }),
      record({ type: literals('put', 'append'), key: text, value: text }),
    ),
    result: oneOf(text, nothing),
    initial: nothing,
    create: keyValue,
  }),
  set: entry({
    operation: oneOf(record({ type: literals('add', 'remove'), value }), record({ type: literal('read') })),
    result: oneOf(list(value), nothing),
    initial: list(value),
    create: set,
  }),
  queue: entry({
    operation: oneOf(record({ type: literal('enqueue'), value: content }), record({ type: literal('dequeue') })),
    result: value,
    initial: list(content),
    create: queue,
  }),
  lock: entry({
    operation: record({ type: literals('acquire', 'release'), holder: text }),
    result: yesOrNo,
    initial: oneOf(text, nothing),
    create: lock,
  }),
  'nondeterministic-register': entry({
    operation: oneOf(
      record({ type: literal('put-any'), value: list(number) }),
      record({ type: literals('get-any', 'get-all') }),
    ),
    result: oneOf(list(number), nothing),
    initial: list(number),
    create: nondeterministicRegister,
  }),
  store: entry({ ...storeShapes, create: store }),
}

/** The names of all models of the catalogue. */
export const modelNames: readonly string[] = Object.keys(catalogue)

/**
 * The model that a history names, or the one that is asked for, in the history's initial state. Throws `MalformedHistory`
 * for a name that is not in the catalogue, and for an initial state, an operation or a result that is not the model's.
 */
export function modelOf({ model, initial, events }: History, name: string = model): Model<unknown, unknown, unknown> {
  const found = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined
  if (found === undefined)
    throw new MalformedHistory(`the model '${name}' is unknown: expected ${modelNames.join(', ')}`)
  if (initial !== undefined && !found.initial.accepts(initial))
    throw new MalformedHistory(`the initial state of '${name}': expected ${found.initial.expected}`)
  for (const [i, event] of events.entries()) {
    if (event.type === 'invoke' && !found.operation.accepts(event.operation))
      throw misfit(i, `an operation of '${name}', ${found.operation.expected}`, event.operation)
    if (event.type === 'ok' && !found.result.accepts(event.result))
      throw misfit(i, `a result of '${name}', ${found.result.expected}`, event.result)
  }
  return found.create(initial)
}

function misfit(i: number, expected: string, found: unknown): MalformedHistory {
  return new MalformedHistory(`event ${i + 1}: expected ${expected}, found ${JSON.stringify(found)}`)
}

interface TypedEntry<Operation, Result, State, Initial> {
  readonly operation: Shape
  readonly result: Shape
  readonly initial: Shape
  readonly create: (initial?: Initial) => Model<Operation, Result, State>
}

/** Forgets the types: the shapes have looked at what is given to `create`, and at what its model is asked. */
function entry<Operation, Result, State, Initial>(
  typed: TypedEntry<Operation, Result, State, Initial>,
): CatalogueEntry {
  return {
    ...typed,
    create: (initial) => typed.create(initial as Initial | undefined) as Model<unknown, unknown, unknown>,
  }
}
