import { counted, grouped } from 'synod/simulator'
import { sizeOf, type Plan } from 'synod/simulator'
import { CommandError } from '../exit.ts'
import { quoted } from '../shell.ts'
import { artefactBytes, writeArtefactFile } from './artefact-file.ts'
import type { Finding } from './campaign.ts'
import type { Interruption } from '../interruption.ts'
import type { ProgressLine } from '../progress-line.ts'
import type { Protocol } from './protocols.ts'
import { eventsText, surroundings, violationText } from './story.ts'
import type { Result, Small } from './tasks.ts'
import { ThreadDied, type Thread } from './thread.ts'

/** Shrinking ends within a minute, with the run that is under way then. */
const shrinkMs = 57_000

/** What is kept of a run that failed: as small as it became, or as it was, and then why. */
export interface Kept extends Pick<Result, 'plan' | 'trace'> {
  readonly violation: NonNullable<Result['violation']>
  /** Events before and after, runs, and seconds. */
  readonly shrunk:
    | { readonly from: number; readonly to: number; readonly runs: number; readonly seconds: number }
    | undefined
  readonly unshrunk: string | undefined
  readonly place:
    | { readonly file: string; readonly bytes: number }
    | { readonly file?: undefined; readonly why: string }
}

export type Failed = Extract<Finding, { readonly result: Result }>

/** Makes a failing run small, in one thread, and writes it to `file`. Ctrl-C: as small as it is by then. */
export async function keep(
  { seed, result }: Failed,
  file: string,
  [thread]: readonly Thread[],
  progress: ProgressLine,
  interruption: Interruption,
): Promise<Kept> {
  const { plan, trace, violation } = result
  if (violation === undefined) throw new TypeError(`seed ${seed} violates nothing`)
  const began = performance.now()
  const small = interruption.happened
    ? 'it was interrupted'
    : await shrinkIn(thread, plan, violation.invariant, progress, interruption)
  const seconds = (performance.now() - began) / 1000
  const what =
    typeof small === 'string'
      ? { plan, trace, violation, shrunk: undefined, unshrunk: small }
      : {
          ...small,
          shrunk: { from: sizeOf(plan), to: sizeOf(small.plan), runs: small.runs, seconds },
          unshrunk: undefined,
        }
  return { ...what, place: written(file, what) }
}

/** Or why not. */
async function shrinkIn(
  thread: Thread | undefined,
  plan: Plan,
  invariant: string,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<Small | string> {
  const enough = new Int32Array(new SharedArrayBuffer(4))
  interruption.endBy(() => void Atomics.store(enough, 0, 1))
  let text = `shrinking: ${counted(sizeOf(plan), 'event')}`
  progress.become(() => text)
  try {
    const small = await thread?.shrink({ plan, invariant, milliseconds: shrinkMs, enough }, (events, runs) => {
      text = `shrinking: ${counted(events, 'event')} after ${counted(runs, 'run')}`
    })
    return small ?? 'it did not fail again: something in it is not deterministic'
  } catch (error) {
    if (!(error instanceof ThreadDied)) throw error
    return `the thread that shrank it died: ${error.message}`
  }
}

function written(file: string, { plan, trace, violation }: Pick<Kept, 'plan' | 'trace' | 'violation'>): Kept['place'] {
  const { invariant, message } = violation
  try {
    return { file, bytes: writeArtefactFile(file, { plan, trace, violation: { invariant, message } }) }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return { why: error.message }
  }
}

/** The one command that plays it again. */
export function replayCommand(kept: Kept | undefined, seed: number, protocol: Protocol, scenario?: string): string {
  const { name, argument } = protocol
  if (kept?.place.file !== undefined)
    return `synod simulate ${name === argument ? '' : `${quoted(argument)} `}--artefact ${quoted(kept.place.file)}`
  const fixed = scenario === undefined ? '' : ` --scenario ${quoted(scenario)}`
  return `synod simulate ${quoted(argument)} --seed ${seed}${fixed}`
}

/** What was found, for people: how it became small, what happens in it, where it is. */
export function keptText(kept: Kept, protocol: Protocol): string {
  const { plan, violation, shrunk, unshrunk, place } = kept
  const made =
    shrunk === undefined
      ? `Not shrunk, because ${unshrunk}.`
      : `Shrunk from ${counted(shrunk.from, 'event')} to ${grouped(shrunk.to)}, in ${counted(shrunk.runs, 'run')} and ${grouped(shrunk.seconds, 1)} s.`
  const where =
    place.file === undefined
      ? `Not written: ${place.why}`
      : `Written to ${place.file}, ${counted(place.bytes, 'byte')}${place.bytes > artefactBytes ? `: more than the ${grouped(artefactBytes)} that it should have` : ''}.`
  return `${made}\n${surroundings(plan)}${eventsText(plan, protocol)}${violationText(violation)}\n\n${where}\n`
}

/** The same for JSON. */
export function keptJson({ plan, violation, shrunk, unshrunk, place }: Kept): object {
  return {
    shrunk: shrunk ?? null,
    ...(unshrunk === undefined ? {} : { unshrunk }),
    smallest: { nodes: plan.nodes.length, events: sizeOf(plan), message: violation.message },
    artefact: place.file ?? null,
    ...(place.file === undefined ? { notWritten: place.why } : { bytes: place.bytes }),
  }
}
