import type { Command, NodeId } from '../../core/index.ts'
import type { HistoryFold, Output } from '../../explorer/index.ts'

/** What of the past the safety of a log engine is about: who has led a term, and what was decided, ever. */
export interface EnginePast {
  readonly leaders: Readonly<Record<number, NodeId>>
  readonly decided: Readonly<Record<number, string>>
  /** Two led one term, or two things were decided at one index. */
  readonly broken?: { readonly text: string; readonly by: readonly NodeId[] }
}

export const enginePast: HistoryFold<EnginePast> = {
  initial: { leaders: {}, decided: {} },
  record: (history, output) => (output.call === 'led' ? led(history, output) : decided(history, output)),
}

function led(history: EnginePast, { node, arguments: [by, term] }: Output): EnginePast {
  if (by !== node) return history
  const leader = history.leaders[Number(term)] ?? node
  if (leader !== node) return { ...history, broken: { text: `both lead term ${String(term)}`, by: [leader, node] } }
  return { ...history, leaders: { ...history.leaders, [Number(term)]: node } }
}

function decided(history: EnginePast, { call, arguments: [index, term, what] }: Output): EnginePast {
  if (call !== 'decide') return history
  const { sequence = 0 } = (what ?? {}) as { sequence?: number }
  const entry = sequence === 0 ? `no-op of term ${String(term)}` : `command ${sequence} of term ${String(term)}`
  const before = history.decided[Number(index)] ?? entry
  if (before !== entry) {
    const text = `${before} and ${entry} are both decided at ${String(index)}`
    return { ...history, broken: { text, by: [] } }
  }
  return { ...history, decided: { ...history.decided, [Number(index)]: entry } }
}

/** Names are kept apart from the text, because servers exchange theirs. */
export function brokenPromise({ broken }: EnginePast): string | undefined {
  return broken && [...broken.by.flatMap((node, i) => (i === 0 ? [node] : ['and', node])), broken.text].join(' ')
}

/** Its origin does not matter: no member looks at it. */
export function commandNumbered(sequence: number): Command {
  return { origin: '', sequence, checksum: sequence, bytes: new Uint8Array(0) }
}
