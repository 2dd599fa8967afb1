import { catalogue, search } from 'synod/explorer'
import { explorableRaft } from 'synod/testing'

/** What a worker answers: how many states a model has with the bounds that it usually has. */
export interface Explored {
  readonly model: string
  readonly states: number
  readonly generated: number
}

export function explored(name: string): Explored {
  const model = [explorableRaft, ...catalogue].find((one) => one.name === name)
  if (model === undefined) throw new Error(`there is no model ${name}`)
  const usual = Object.fromEntries(model.parameters.map(({ name: of, fallback }) => [of, fallback]))
  const { states, generated } = search(model.space(usual), { stop: 'never' })
  return { model: name, states, generated }
}

// As a page's worker has them; here only Node's types are known. In Node, and in a page itself, nobody asks.
declare const document: unknown
declare const postMessage: ((answer: Explored) => void) | undefined
/** Of the worker: the model that it is made for. */
declare const name: string

if (typeof document === 'undefined' && typeof postMessage === 'function') postMessage(explored(name))
