import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Chosen } from 'synod/explorer'
import { messageOf, UsageError } from '../exit.ts'
import { checkWritable } from '../place.ts'

const format = 'synod exploration 1'

/** How a model comes to break something: enough to go there again. */
export interface Exploration {
  readonly format: typeof format
  readonly model: string
  readonly bounds: Chosen
  readonly property: string
  readonly text: string
  /** The number of the initial state; the first one where it is missing. */
  readonly start?: number
  readonly path: readonly { readonly event: string; readonly alternative: number }[]
}

export function explorationOf(
  model: string,
  bounds: Chosen,
  found: Pick<Exploration, 'property' | 'text' | 'path'> & { readonly start?: { readonly number: number } },
): Exploration {
  const { property, text, start } = found
  const path = found.path.map(({ event, alternative }) => ({ event, alternative }))
  return { format, model, bounds, property, text, ...(start === undefined ? {} : { start: start.number }), path }
}

/** Throws `UsageError` where nothing may be written: only an older one is overwritten. */
export function checkPlace(file: string): void {
  if (existsSync(file)) readExploration(file)
  checkWritable(file)
}

/** Throws `UsageError`. */
export function writeExploration(file: string, exploration: Exploration): void {
  try {
    writeFileSync(file, `${JSON.stringify(exploration, undefined, 1)}\n`)
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${messageOf(error)}`)
  }
}

/** Throws `UsageError` for what is none. */
export function readExploration(file: string): Exploration {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<Exploration> | null
    if (read?.format !== format) throw new Error(`it is no "${format}"`)
    if (typeof read.model !== 'string' || typeof read.bounds !== 'object' || !Array.isArray(read.path))
      throw new Error('model, bounds or path are missing')
    return read as Exploration
  } catch (error) {
    throw new UsageError(`${file} is not the artefact of an exploration: ${messageOf(error)}`)
  }
}
