import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { readMutant } from './scripts/mutant.ts'

const source = { conditions: ['@synod/source'] }

/** A bug that is put back into one module as it is loaded; production code has no switch for it. */
const mutant = process.env['SYNOD_MUTANT'] === undefined ? undefined : readMutant(process.env['SYNOD_MUTANT'])
const mutation = {
  name: 'mutant',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    if (mutant === undefined || id !== resolve(mutant.module)) return undefined
    return code.replace(mutant.old, () => mutant.new)
  },
}

export default defineConfig({
  plugins: [mutation],
  resolve: source,
  ssr: { resolve: { ...source, externalConditions: source.conditions } },
  test: {
    // A transformed module of a run before must not stand in for a mutant, nor a mutant for the module.
    fsModuleCache: mutant === undefined,
    pool: 'threads',
    reporters: ['default', './scripts/tally.ts'],
    include: ['packages/*/src/**/*.test.ts', '{scripts,bench,examples}/**/*.test.ts'],
    isolate: false,
    sequence: { shuffle: true },
    testTimeout: 30_000,
    execArgv: ['-C', '@synod/source'],
  },
})
