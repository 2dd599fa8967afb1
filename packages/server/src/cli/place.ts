import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf, UsageError } from './exit.ts'

/** Throws `UsageError` where no file can be written: before the work whose result is to be written there. */
export function checkWritable(file: string): void {
  const exists = existsSync(file)
  const place = exists ? file : dirname(file)
  try {
    accessSync(place, constants.W_OK)
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${messageOf(error)}`)
  }
  if (statSync(place).isDirectory() !== exists) return
  throw new UsageError(`${file} cannot be written: ${place} is ${exists ? 'a' : 'no'} directory`)
}
