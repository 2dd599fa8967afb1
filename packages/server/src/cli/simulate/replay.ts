import { counted } from 'synod/simulator'
import type { Artefact } from 'synod/simulator'
import { CommandError, exitCodes } from '../exit.ts'
import { printJson } from '../output.ts'
import type { Interruption } from '../interruption.ts'
import type { Protocol } from './protocols.ts'
import type { SimulateOptions } from './settings.ts'
import { conversation, endingText, eventsText, surroundings } from './story.ts'
import type { Result } from './tasks.ts'
import { ThreadDied, type Thread } from './thread.ts'

/** Plays the run of an artefact again, and says whether it fails as it did. */
export async function replay(
  artefact: Artefact,
  protocol: Protocol,
  thread: Thread,
  options: SimulateOptions,
  interruption: Interruption,
): Promise<number> {
  interruption.endBy(() => void thread.stop())
  const quiet = options.quiet === true || options.json === true
  const result = await played(thread, artefact, !quiet)
  if (result === undefined) return exitCodes.interrupted
  const outcome = compare(artefact, result)
  const found = result.violation
  if (options.json === true) {
    const { invariant, message } = artefact.violation ?? {}
    printJson({
      protocol: protocol.name,
      outcome,
      expected: invariant === undefined ? null : { invariant, message },
      found: found ?? null,
      sameRun: result.trace === artefact.trace,
    })
  } else {
    process.stdout.write(
      `${surroundings(artefact.plan)}${quiet ? eventsText(artefact.plan, protocol) : conversation(result, protocol)}` +
        `${endingText(result)}\n\n${outcomeText(outcome, artefact, result)}\n`,
    )
  }
  return found === undefined ? exitCodes.ok : exitCodes.failed
}

/** A run that takes its thread along cannot tell anything more. */
async function played(thread: Thread, { plan }: Artefact, tell: boolean): Promise<Result | undefined> {
  try {
    return await thread.replay(plan, tell)
  } catch (error) {
    if (!(error instanceof ThreadDied)) throw error
    throw new CommandError(`the thread that played it died: ${error.message}`)
  }
}

type Outcome = 'same' | 'another' | 'none'

function compare({ violation }: Artefact, result: Result): Outcome {
  if (result.violation === undefined) return 'none'
  return result.violation.invariant === violation?.invariant ? 'same' : 'another'
}

function outcomeText(outcome: Outcome, { violation, trace }: Artefact, result: Result): string {
  const run =
    result.trace === trace
      ? `The run is the same, ${counted(result.events, 'event')}.`
      : 'The run goes another way than when the artefact was written: the code has changed since.'
  const expected = violation === undefined ? 'no violation' : `the violation of "${violation.invariant}"`
  switch (outcome) {
    case 'same':
      return `${run}\nThe same violation came: ${violation?.invariant}.`
    case 'another':
      return `${run}\nAnother violation came: ${result.violation?.invariant}; the artefact has ${expected}.`
    case 'none':
      return `${run}\nNo violation came; the artefact has ${expected}.${violation === undefined ? '' : ' This code does not have the bug, or does not show it in this run.'}`
  }
}
