import { exitCodes } from './exit.ts'
import { onStopSignals } from './stop-signals.ts'

/** Ctrl-C: the first one ends what goes on in good order, the second one the process. */
export class Interruption {
  happened = false
  private end: () => void = () => undefined
  /** Signals are the process's own again. */
  readonly release: () => void

  constructor() {
    this.release = onStopSignals(
      () => {
        this.happened = true
        this.end()
      },
      () => process.exit(exitCodes.interrupted),
    )
  }

  /** How to end what goes on from now on. */
  endBy(end: () => void): void {
    this.end = end
    if (this.happened) end()
  }
}
