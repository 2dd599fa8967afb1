/** To stop in order; `SIGHUP` is the end of the terminal, where it means nothing else. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A terminal sends Ctrl-C to npm and to what npm runs, and npm passes it on: so close together, two are one. */
const echoMs = 300

/**
 * Calls `first` at the first signal to stop, and `again` at every later one that somebody meant. The answer takes the
 * handlers away.
 */
export function onStopSignals(
  first: () => void,
  again: () => void,
  signals: readonly NodeJS.Signals[] = stopSignals,
): () => void {
  let asked: number | undefined
  const onSignal = (): void => {
    const now = performance.now()
    if (asked === undefined) {
      asked = now
      first()
    } else if (now - asked > echoMs) again()
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
