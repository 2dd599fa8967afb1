import { fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Mutant } from './mutant.ts'
import { sideBySide } from './side-by-side.ts'

/** What one trial sends to whoever started it, once: the test that failed, or why none did. */
export type Report =
  | { readonly by: { readonly file: string; readonly test: string }; readonly why?: undefined }
  | { readonly by?: undefined; readonly why: string }

/** How a mutant fared, and how long that took, in milliseconds. */
export type Verdict = Report & { readonly time: number }

export interface TrialLimits {
  /** Processes at a time. */
  readonly jobs: number
  /** After so many milliseconds, the start of its process included, a mutant counts as not caught. */
  readonly limit: number
  /** What each process runs. */
  readonly trial?: URL
}

/** Tries each mutant in a process of its own; `told` hears of them in their order, each as soon as those before it are done. */
export async function tryAll(
  mutants: readonly Mutant[],
  limits: TrialLimits,
  told: (mutant: Mutant, verdict: Verdict) => void,
): Promise<void> {
  await sideBySide(mutants, limits.jobs, async (mutant) => tryOne(mutant, limits), told)
}

/** The first report ends it: nothing that a mutant does afterwards matters, and a process that hangs is not waited for. */
async function tryOne(mutant: Mutant, limits: TrialLimits): Promise<Verdict> {
  const began = performance.now()
  const over = new AbortController()
  const child = fork(limits.trial ?? new URL('mutant-trial.ts', import.meta.url), [mutant.test], {
    env: { ...process.env, SYNOD_MUTANT: mutant.file },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const report = await Promise.race([
    new Promise<Report>((resolve) => {
      child.once('message', (message: Report) => resolve(message))
      child.once('error', (error) => resolve({ why: `its process did not start: ${error.message}` }))
      child.once('close', (code, signal) =>
        resolve({ why: `its process ended with ${code ?? signal} before any test did ${complaints.slice(-2000)}` }),
      )
    }),
    delay(limits.limit, { why: `no test failed within ${limits.limit / 1000} s` }, { signal: over.signal }),
  ])
  over.abort()
  child.kill('SIGKILL')
  return { ...report, time: performance.now() - began }
}
