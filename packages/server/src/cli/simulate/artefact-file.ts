import { existsSync, writeFileSync } from 'node:fs'
import { ArtefactUnreadable, readArtefact, writeArtefact, type Artefact } from 'synod/simulator'
import { messageOf, UsageError } from '../exit.ts'
import { NotText, readText } from '../input.ts'
import { checkWritable } from '../place.ts'

/** An artefact is meant to fit into a report; a larger one is written all the same. */
export const artefactBytes = 64_000

/** Throws `UsageError`: it is no artefact. Whether its plan makes sense, its protocol knows (`checkPlan`). */
export function artefactIn(file: string, text: string): Artefact {
  try {
    return readArtefact(text)
  } catch (error) {
    if (!(error instanceof ArtefactUnreadable)) throw error
    throw new UsageError(`${file} cannot be replayed: ${error.message}`)
  }
}

/** Throws `UsageError` where something is already: whoever names it may have meant to replay it, but for these flags. */
export function checkFree(file: string, flags: readonly string[]): void {
  if (existsSync(file)) {
    const because = flags.join(' and ')
    throw new UsageError(
      `${file} is there already: with ${because}, --artefact says where to write the run that fails. ` +
        `To replay it, leave out ${because}; otherwise name another file, or remove this one`,
    )
  }
  checkWritable(file)
}

/** Throws `UsageError` where nothing may be written: only an older artefact is overwritten. */
function checkPlace(file: string): void {
  if (existsSync(file)) {
    try {
      readArtefact(readText(file))
    } catch (error) {
      if (!(error instanceof ArtefactUnreadable || error instanceof NotText)) throw error
      throw new UsageError(`${file} is not overwritten, because it is no artefact of this version: name another file`)
    }
  }
  checkWritable(file)
}

/** Answers how many bytes it has. Throws `UsageError`. */
export function writeArtefactFile(file: string, artefact: Parameters<typeof writeArtefact>[0]): number {
  checkPlace(file)
  const bytes = Buffer.from(writeArtefact(artefact))
  try {
    writeFileSync(file, bytes)
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${messageOf(error)}`)
  }
  return bytes.length
}
