import type { History } from '../history.ts'
import { MalformedHistory } from '../history.ts'
import { readCases } from './cases.ts'
import { readJepsenLog, readPorcupineKeyValue } from './foreign.ts'
import { isHead, readJsonLines } from './json-lines.ts'
import { linesOf, malformed, parseJson } from './lines.ts'

const known =
  'a history: our own JSON lines ({"synod":"history",…}), Porcupine\'s key-value lines ({:process …}), ' +
  'a Jepsen log (INFO  jepsen.util - …), or a list of cases ([{"name":…}])'

/**
 * The histories of a file, whose format is recognized by its content. Throws `MalformedHistory`, which names the line
 * and what was expected there.
 */
export function parseHistories(content: string): readonly History[] {
  const lines = linesOf(content)
  const [first] = lines
  if (first === undefined) throw new MalformedHistory(`expected ${known}, found nothing`)
  if (isHead(first.text)) return readJsonLines(lines)
  if (first.text.startsWith('{:')) return [readPorcupineKeyValue(lines)]
  if (/^INFO\s+jepsen\.util/.test(first.text)) return [readJepsenLog(lines)]
  if (first.text.startsWith('[')) return readCases(parseJson({ number: 1, text: content }, 'a list of cases'))
  throw malformed(first.number, known, first.text)
}

/** The one history of a file; throws as `parseHistories` does, and where there are several. */
export function parseHistory(content: string): History {
  const [history, ...others] = parseHistories(content)
  if (history === undefined || others.length > 0)
    throw new MalformedHistory(`expected one history, found ${others.length + 1}: parseHistories reads them all`)
  return history
}
