import { existsSync, writeFileSync } from 'node:fs'
import {
  ExplorationUnreadable,
  isExploration,
  readExploration,
  writeExploration,
  type Exploration,
} from 'synod/explorer'
import { messageOf, UsageError } from '../exit.ts'
import { readText } from '../input.ts'
import { checkWritable } from '../place.ts'

/** Throws `UsageError` where nothing may be written: only an older one is overwritten, of whichever version. */
export function checkPlace(file: string): void {
  if (existsSync(file) && !isExploration(readText(file)))
    throw new UsageError(`${file} is not overwritten, because it is not the artefact of an exploration`)
  checkWritable(file)
}

/** Throws `UsageError`. */
export function writeExplorationFile(file: string, exploration: Exploration): void {
  try {
    writeFileSync(file, writeExploration(exploration))
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${messageOf(error)}`)
  }
}

/** Throws `UsageError` for what is none. */
export function readExplorationFile(file: string): Exploration {
  return explorationIn(file, readText(file))
}

/** The same of a file that was read already. */
export function explorationIn(file: string, text: string): Exploration {
  try {
    return readExploration(text)
  } catch (error) {
    if (!(error instanceof ExplorationUnreadable)) throw error
    throw new UsageError(`${file} is not the artefact of an exploration: ${error.message}`)
  }
}
