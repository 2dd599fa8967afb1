import { fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Plan } from 'synod/simulator'
import type { Mutant } from './mutant.ts'
import { sideBySide } from './side-by-side.ts'

/** What the swarm found of a mutant, and in how many seconds it was made small; or why it did not. */
export type Hunted =
  | {
      readonly seeds: number
      readonly events: number
      readonly invariant: string
      readonly runs: number
      readonly seconds: number
      /** What is left of the run, which must not fail without the mutant. */
      readonly plan: Plan
    }
  | { readonly seeds: null; readonly why: string }
  /** The hunt itself failed: nothing is known of the mutant. */
  | { readonly seeds?: undefined; readonly why: string }

export interface HuntLimits {
  /** Processes at a time. */
  readonly jobs: number
  readonly seeds: number
  /** For the seeds of one mutant. Shrinking is bounded by the hunt. */
  readonly seconds: number
  /** After so many more, a process counts as hanging. */
  readonly graceSeconds?: number
  /** What each process runs. */
  readonly hunt?: URL
  /** Whether the shrunk run fails without any mutant, too: then it is not the mutant that was found. */
  readonly failsWithout: (plan: Plan, invariant: string) => boolean
}

/** Shrinking, the start of the process, and the run at the end of the time for seeds. */
const graceSeconds = 120

/** Hunts each mutant in a process of its own; `told` hears of them in their order. */
export async function huntAll(
  mutants: readonly Mutant[],
  limits: HuntLimits,
  told: (mutant: Mutant, hunted: Hunted) => void,
): Promise<void> {
  await sideBySide(mutants, limits.jobs, async (mutant) => checked(await huntOne(mutant, limits), limits), told)
}

function checked(hunted: Hunted, { failsWithout }: HuntLimits): Hunted {
  return 'plan' in hunted && failsWithout(hunted.plan, hunted.invariant)
    ? { why: `seed ${hunted.seeds} fails without the mutant, too: ${hunted.invariant}` }
    : hunted
}

async function huntOne({ file }: Mutant, limits: HuntLimits): Promise<Hunted> {
  const { seeds, seconds, hunt = new URL('mutant-hunt.ts', import.meta.url) } = limits
  const over = new AbortController()
  const child = fork(hunt, [file, `${seeds}`, `${seconds}`], {
    execArgv: ['-C', '@synod/source'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const atMost = seconds + (limits.graceSeconds ?? graceSeconds)
  const hunted = await Promise.race([
    new Promise<Hunted>((resolve) => {
      child.once('message', (message: Hunted) => resolve(message))
      child.once('error', (error) => resolve({ why: `its process did not start: ${error.message}` }))
      child.once('close', (code, signal) =>
        resolve({ why: `its process ended with ${code ?? signal} ${complaints.slice(-2000)}` }),
      )
    }),
    delay<Hunted>(
      1000 * atMost,
      { seeds: null, why: `a run hangs: no answer in ${atMost} s` },
      { signal: over.signal },
    ),
  ])
  over.abort()
  child.kill('SIGKILL')
  return hunted
}
