import type { Model, ModelRenaming, ModelState } from '../model.ts'
import { permutations } from '../symmetry.ts'

/** A resource manager. */
type Manager = 'working' | 'prepared' | 'committed' | 'aborted'

/** The transaction manager, and whom it knows to be prepared. */
interface Transaction {
  readonly state: 'init' | 'committed' | 'aborted'
  readonly prepared: readonly number[]
}

type Message = { readonly type: 'prepared'; readonly manager: number } | { readonly type: 'commit' | 'abort' }

type State = ModelState<Manager, Transaction, Message>

/** Two-phase commit, as Gray and Lamport specify it ("Consensus on Transaction Commit", 2006): messages are sent once and stay. */
export function twoPhaseCommit(managers: number, symmetric = false): Model<Manager, Transaction, Message> {
  const ids = Array.from({ length: managers }, (_, i) => i)
  const processes = ids.map((): Manager => 'working')
  return {
    initial: [{ processes, shared: { state: 'init', prepared: [] }, messages: [] }],
    actions({ processes: rms, shared: tm, messages }, take) {
      const isSent = (type: 'commit' | 'abort'): boolean => messages.some((message) => message.type === type)
      if (tm.state === 'init') {
        if (tm.prepared.length === managers)
          take('the transaction manager commits', {
            shared: { ...tm, state: 'committed' },
            sends: [{ type: 'commit' }],
          })
        take('the transaction manager aborts', { shared: { ...tm, state: 'aborted' }, sends: [{ type: 'abort' }] })
      }
      for (const [i, rm] of rms.entries()) {
        const hasToldSo = messages.some((message) => message.type === 'prepared' && message.manager === i)
        if (tm.state === 'init' && hasToldSo) {
          const prepared = [...new Set([...tm.prepared, i])].toSorted((a, b) => a - b)
          take(`the transaction manager hears that ${i} is prepared`, { shared: { ...tm, prepared } })
        }
        if (rm === 'working') {
          take(`${i} prepares`, { process: [i, 'prepared'], sends: [{ type: 'prepared', manager: i }] })
          take(`${i} chooses to abort`, { process: [i, 'aborted'] })
        }
        if (isSent('commit')) take(`${i} hears of the commit`, { process: [i, 'committed'] })
        if (isSent('abort')) take(`${i} hears of the abort`, { process: [i, 'aborted'] })
      }
    },
    properties: [consistent, { kind: 'sometimes', name: 'all commit', seen: all('committed') }],
    ...(symmetric && { symmetry: permutations(managers).slice(1).map(renamed) }),
  }
}

const consistent = {
  kind: 'always',
  name: 'consistent',
  broken: ({ processes }: State) =>
    processes.includes('committed') && processes.includes('aborted')
      ? 'one resource manager has committed and another one has aborted'
      : undefined,
} as const

function all(state: Manager): (world: State) => boolean {
  return ({ processes }) => processes.every((process) => process === state)
}

/** Nothing in the specification compares resource managers. */
function renamed(order: readonly number[]): ModelRenaming<Manager, Transaction, Message> {
  const number = (manager: number): number => order[manager] ?? manager
  return {
    number,
    process: (process) => process,
    shared: ({ state, prepared }) => ({ state, prepared: prepared.map(number).toSorted((a, b) => a - b) }),
    message: (message) => (message.type === 'prepared' ? { ...message, manager: number(message.manager) } : message),
  }
}
