import { present, type Command, type Index, type NodeId, type ReadId } from '../../core/index.ts'
import type { HistoryFold, Output } from '../../explorer/index.ts'

/** What of the past the safety of a log engine is about: who has led a term, what was decided, ever, and what reads may answer. */
export interface EnginePast {
  readonly leaders: Readonly<Record<number, NodeId>>
  readonly decided: Readonly<Record<Index, string>>
  /** Of each read under way: what was decided when it was asked for. */
  readonly reads?: Readonly<Record<ReadId, Index>>
  /** Two led one term, two things were decided at one index, or a read was answered too early. */
  readonly broken?: { readonly what: 'safety' | 'reads'; readonly text: string; readonly by: readonly NodeId[] }
}

/** What the model tells beside what the protocol does: a read is asked for. */
export interface AsksReads {
  asked(id: ReadId): void
}

export const enginePast: HistoryFold<EnginePast> = {
  initial: { leaders: {}, decided: {} },
  record(history, output) {
    switch (output.call) {
      case 'led':
        return led(history, output)
      case 'decide':
        return decided(history, output)
      case 'asked':
        return { ...history, reads: { ...history.reads, [Number(output.arguments[0])]: lastDecided(history) } }
      case 'readable':
        return readable(history, output)
      case 'unreadable':
        return answered(history, Number(output.arguments[0]))
      default:
        return history
    }
  },
}

function led(history: EnginePast, { node, arguments: [by, term] }: Output): EnginePast {
  if (by !== node) return history
  const leader = history.leaders[Number(term)] ?? node
  if (leader !== node) return broken(history, 'safety', `both lead term ${String(term)}`, [leader, node])
  return { ...history, leaders: { ...history.leaders, [Number(term)]: node } }
}

function decided(history: EnginePast, { arguments: [index, term, what] }: Output): EnginePast {
  const { sequence = 0 } = (what ?? {}) as { sequence?: number }
  const entry = sequence === 0 ? `no-op of term ${String(term)}` : `command ${sequence} of term ${String(term)}`
  const before = history.decided[Number(index)] ?? entry
  if (before !== entry) return broken(history, 'safety', `${before} and ${entry} are both decided at ${String(index)}`)
  return { ...history, decided: { ...history.decided, [Number(index)]: entry } }
}

/** ReadIndex (Ongaro §6.4): by a state that has what was decided when the read came, and nothing that is not decided. */
function readable(history: EnginePast, { arguments: [id, index] }: Output): EnginePast {
  const least = present(history.reads?.[Number(id)], 'what is answered was asked')
  const last = lastDecided(history)
  const read = `read ${String(id)} is answered at ${String(index)}`
  if (Number(index) < least) return broken(history, 'reads', `${read}, and ${least} was decided when it came`)
  if (Number(index) > last) return broken(history, 'reads', `${read}, and ${last} is decided`)
  return answered(history, Number(id))
}

function answered(history: EnginePast, id: ReadId): EnginePast {
  const { reads = {}, ...rest } = history
  const others = Object.fromEntries(Object.entries(reads).filter(([other]) => Number(other) !== id))
  return { ...rest, reads: others }
}

function lastDecided({ decided: all }: EnginePast): Index {
  return Math.max(0, ...Object.keys(all).map(Number))
}

function broken(history: EnginePast, what: 'safety' | 'reads', text: string, by: readonly NodeId[] = []): EnginePast {
  return { ...history, broken: { what, text, by } }
}

/** Names are kept apart from the text, because servers exchange theirs. */
export function brokenPromise(what: 'safety' | 'reads'): (history: EnginePast) => string | undefined {
  return ({ broken: found }) => {
    if (found?.what !== what) return undefined
    return [...found.by.flatMap((node, i) => (i === 0 ? [node] : ['and', node])), found.text].join(' ')
  }
}

/** Its origin does not matter: no member looks at it. */
export function commandNumbered(sequence: number): Command {
  return { origin: '', sequence, checksum: sequence, bytes: new Uint8Array(0) }
}
