import type { Step } from './search/path.ts'

/** Version of the artefact's format; raised whenever an older reader would misread it. */
export const explorationVersion = 2

/** The artefact of an exploration: how a model comes to break something, enough to go there again. */
export interface Exploration {
  readonly model: string
  readonly bounds: Readonly<Record<string, number>>
  readonly property: string
  /** What is broken. */
  readonly text: string
  /** The number of the initial state. */
  readonly start: number
  readonly path: readonly Pick<Step, 'event' | 'alternative'>[]
}

/** It is no artefact of an exploration, or one of another version. The message says what was found, and what to do. */
export class ExplorationUnreadable extends Error {
  override readonly name = 'ExplorationUnreadable'
}

/**
 * An event as it is written: the number of its form, its alternative, and the numbers in it. A long run says the same few
 * things again and again, of other rounds and ballots.
 */
type WrittenEvent = readonly [form: number, alternative: number, ...numbers: number[]]

/** The pieces of a text between its numbers. */
type Form = readonly string[]

interface Written extends Omit<Exploration, 'path'> {
  readonly synod: 'exploration'
  readonly version: typeof explorationVersion
  readonly forms: readonly Form[]
  readonly path: readonly WrittenEvent[]
}

/** Whole numbers that are written as they are read: no zeros in front, and few enough digits. */
const numbers = /(?<!\d)(0|[1-9]\d{0,14})(?!\d)/

export function writeExploration({ path, ...rest }: Exploration): string {
  const forms = new Map<string, number>()
  const events = path.map(({ event, alternative }): WrittenEvent => {
    const parts = event.split(numbers)
    const form = JSON.stringify(parts.filter((_, i) => i % 2 === 0))
    if (!forms.has(form)) forms.set(form, forms.size)
    return [forms.get(form) ?? 0, alternative, ...parts.filter((_, i) => i % 2 === 1).map(Number)]
  })
  const head = JSON.stringify({ synod: 'exploration', version: explorationVersion, ...rest }).slice(1, -1)
  const lines = (items: readonly string[]): string => (items.length === 0 ? '[]' : `[\n  ${items.join(',\n  ')}\n ]`)
  return `{${head},\n "forms":${lines([...forms.keys()])},\n "path":${lines(events.map((event) => JSON.stringify(event)))}\n}\n`
}

/** Whether a text is meant to be one, of whichever version. */
export function isExploration(text: string): boolean {
  return /^\s*\{\s*("synod"\s*:\s*"exploration"|"format"\s*:\s*"synod exploration 1")/.test(text)
}

/** Throws `ExplorationUnreadable`. */
export function readExploration(text: string): Exploration {
  if (!isExploration(text)) throw new ExplorationUnreadable('it does not begin with {"synod":"exploration", …')
  const { version, forms, path, ...rest } = parsed(text)
  if (version !== explorationVersion)
    throw new ExplorationUnreadable(
      `it is of version ${JSON.stringify(version ?? 1)}; this is Synod with version ${explorationVersion}: explore again, or replay it with the release that wrote it`,
    )
  const { model, bounds, property, text: broken, start } = rest
  if (
    [model, property, broken].some((one) => typeof one !== 'string') ||
    typeof bounds !== 'object' ||
    bounds === null ||
    !Number.isSafeInteger(start) ||
    !isListOf(forms, isForm) ||
    !isListOf(path, isWrittenEvent)
  )
    throw new ExplorationUnreadable('model, bounds, property, text, start, forms or path are missing')
  return {
    model: String(model),
    bounds,
    property: String(property),
    text: String(broken),
    start: Number(start),
    path: path.map((event, i) => ({ event: eventText(event, forms, i), alternative: event[1] })),
  }
}

function parsed(text: string): Partial<Written> {
  try {
    return JSON.parse(text) as Partial<Written>
  } catch (error) {
    throw new ExplorationUnreadable(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function eventText([number, , ...given]: WrittenEvent, forms: readonly Form[], at: number): string {
  const form = forms[number]
  if (form?.length !== given.length + 1) throw new ExplorationUnreadable(`event ${at + 1} fits no form`)
  return form.map((piece, i) => `${i === 0 ? '' : given[i - 1]}${piece}`).join('')
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is)
}

function isForm(value: unknown): value is Form {
  return isListOf(value, (piece) => typeof piece === 'string') && value.length > 0
}

function isWrittenEvent(value: unknown): value is WrittenEvent {
  return isListOf(value, (number): number is number => Number.isSafeInteger(number)) && value.length >= 2
}
