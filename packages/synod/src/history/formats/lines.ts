import { MalformedHistory } from '../history.ts'

/** One line of a file, which has text. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string
}

export function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ number: i + 1, text: line.trim() }]))
}

/** Names the line, what was expected there, and what was found. */
export function malformed(line: number, expected: string, found: string): MalformedHistory {
  const shown = found.length > 120 ? `${found.slice(0, 120)}…` : found
  return new MalformedHistory(`line ${line}: expected ${expected}, found ${shown}`)
}

/** Any JSON, or an error that names the line. */
export function parseJson({ number, text }: Line, expected: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw malformed(number, expected, text)
  }
}
