import type { Model } from '../model.ts'

type Manager = 'working' | 'prepared' | 'committed' | 'aborted'

/** What any protocol for transaction commit must come to (Gray and Lamport 2006, §2): resource managers that see each other. */
export function transactionCommit(managers: number): Model<Manager, null, never> {
  const processes = Array.from({ length: managers }, (): Manager => 'working')
  return {
    initial: [{ processes, shared: null, messages: [] }],
    actions({ processes: rms }, take) {
      const canCommit = rms.every((rm) => rm === 'prepared' || rm === 'committed')
      const notCommitted = !rms.includes('committed')
      for (const [i, rm] of rms.entries()) {
        if (rm === 'working') take(`${i} prepares`, { process: [i, 'prepared'] })
        if (rm === 'prepared' && canCommit) take(`${i} commits`, { process: [i, 'committed'] })
        if ((rm === 'working' || rm === 'prepared') && notCommitted) take(`${i} aborts`, { process: [i, 'aborted'] })
      }
    },
    properties: [
      {
        kind: 'always',
        name: 'consistent',
        broken: ({ processes: rms }) =>
          rms.includes('committed') && rms.includes('aborted')
            ? 'one has committed and another one has aborted'
            : undefined,
      },
    ],
  }
}
