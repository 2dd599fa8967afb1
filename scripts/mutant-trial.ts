import type { Reporter } from 'vitest/node'
import { startVitest } from 'vitest/node'
import type { Report } from './mutant-trials.ts'

/**
 * One mutant's process, started by mutant-trials.ts: runs one file of tests with the mutant that SYNOD_MUTANT names
 * (vitest.config.ts puts it in), in the order in which they are written, and reports the first that fails. Only a test
 * can catch a mutant: a module that no longer loads shows nothing.
 */
function report(found: Report): void {
  process.send?.(found)
}

const reporter: Reporter = {
  onTestCaseResult(test) {
    if (test.result().state === 'failed') report({ by: { file: test.module.relativeModuleId, test: test.fullName } })
  },
  onTestRunEnd(modules, unhandled) {
    const errors = [...modules.flatMap((module) => module.errors()), ...unhandled]
    if (errors.length > 0) report({ why: `no test failed, but: ${errors.map(({ message }) => message).join('; ')}` })
    else if (modules.length === 0) report({ why: 'its test is none that vitest runs' })
    else report({ why: 'its test passes with it' })
  },
}

// Whoever waits for the report may be gone.
process.once('disconnect', () => process.exit())
await startVitest(process.argv.slice(2), {
  watch: false,
  bail: 1,
  reporters: [reporter],
  sequence: { shuffle: false },
  // The configuration needs no bundling, which would cost each process a tenth of a second.
  configLoader: 'native',
})
