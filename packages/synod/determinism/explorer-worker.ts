import { catalogue, search } from 'synod/explorer'
import { explorableRaft } from 'synod/testing'

/** What a worker is asked, and answers: how many states a model has with the bounds that it usually has. */
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

/** On a page's worker; in Node, and in a page itself, nobody asks. */
interface Worker {
  postMessage(answer: Explored): void
  addEventListener(type: 'message', listen: (event: { readonly data: string }) => void): void
}

const worker = globalThis as unknown as Partial<Worker> & { readonly document?: unknown }
if (worker.document === undefined)
  worker.addEventListener?.('message', ({ data }) => worker.postMessage?.(explored(data)))
