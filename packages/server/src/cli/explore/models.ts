import { AssertionFailed } from 'synod'
import { catalogue, type Chosen, type Explorable, type Space } from 'synod/explorer'
import { ownModels } from 'synod/testing'
import { UsageError } from '../exit.ts'
import { table } from '../output.ts'
import { closest } from '../suggestions.ts'
import { flp } from './flp.ts'
import type { ExploreOptions } from './settings.ts'

/** Those that can be explored: our own first. */
export const models: readonly Explorable[] = [...ownModels, flp, ...catalogue]

/** Throws `UsageError` where no model can be made of these bounds together. */
export function spaceOf(model: Explorable, bounds: Chosen): Space {
  try {
    return model.space(bounds)
  } catch (error) {
    if (!(error instanceof AssertionFailed)) throw error
    throw new UsageError(`${model.name} does not take these bounds together: ${error.message}`)
  }
}

/** Throws `UsageError`, with the name that was probably meant. */
export function modelNamed(name: string): Explorable {
  const found = models.find((model) => model.name === name)
  if (found !== undefined) return found
  const meant = closest(
    name,
    models.map((model) => model.name),
  )
  const hint = meant === undefined ? '`synod explore` lists them' : `did you mean ${meant}?`
  throw new UsageError(`there is no model ${name}: ${hint}`)
}

/** The bounds that were given, the others as they usually are. Throws `UsageError` for what the model does not take. */
export function chosenBy(model: Explorable, options: ExploreOptions, given: readonly string[]): Chosen {
  const takes = model.parameters.map(({ name }) => `--${name}`)
  const strange = given.find((name) => !takes.includes(`--${name}`))
  if (strange !== undefined) throw new UsageError(`${model.name} takes no --${strange}: it takes ${takes.join(', ')}`)
  return Object.fromEntries(
    model.parameters.map(({ name, fallback, least, most }) => {
      const value = Number(options[camelCased(name)] ?? fallback)
      if (value >= least && value <= most) return [name, value]
      throw new UsageError(`--${name} ${value}: ${model.name} takes ${least} to ${most}`)
    }),
  )
}

/** As commander calls an option. */
export function camelCased(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

export function listText(): string {
  return models
    .map(({ name, description, parameters }) => {
      const rows = parameters.map((one) => [`  --${one.name}`, String(one.fallback), one.description])
      return `${name}: ${description}\n${table(rows)}\n`
    })
    .join('\n')
}
