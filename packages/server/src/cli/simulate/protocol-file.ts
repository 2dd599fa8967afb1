import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Subject } from 'synod/simulator'
import { messageOf, UsageError } from '../exit.ts'

const extensions: ReadonlySet<string> = new Set(['.js', '.mjs', '.ts', '.mts'])
/** It becomes a part of file names. */
const nameShape = /^[\w-]{1,40}$/

/** Whether it can only mean a file, as no protocol of Synod's own is called like that. */
export function isFile(name: string): boolean {
  return extensions.has(extname(name)) || /[/\\]/.test(name)
}

/** A protocol of the user's own: what `describeProtocol` answered, exported as `subject`. Throws `UsageError`. */
export async function subjectOfFile(file: string): Promise<Subject> {
  if (!existsSync(file)) throw new UsageError(`${file} is not there: expected the module of a protocol`)
  const { subject } = await moduleOf(file)
  if (!isSubject(subject)) {
    throw new UsageError(
      `${file} exports no protocol: expected \`export const subject = describeProtocol({ … })\`, of synod/simulator`,
    )
  }
  if (!nameShape.test(subject.name)) {
    throw new UsageError(
      `${file}: the name of its protocol, ${JSON.stringify(subject.name)}, must consist of at most 40 letters, digits, _ and -`,
    )
  }
  return subject
}

async function moduleOf(file: string): Promise<{ readonly subject?: unknown }> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as { readonly subject?: unknown }
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${messageOf(error)}`, { cause: error })
  }
}

function isSubject(value: unknown): value is Subject {
  if (typeof value !== 'object' || value === null) return false
  const { name, play, operation, settings, sizes } = value as Partial<Subject>
  const functions = [play, operation, settings].every((method) => typeof method === 'function')
  return typeof name === 'string' && functions && Array.isArray(sizes)
}
