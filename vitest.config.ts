import { defineConfig } from 'vitest/config'

const source = { conditions: ['@synod/source'] }

export default defineConfig({
  resolve: source,
  ssr: { resolve: { ...source, externalConditions: source.conditions } },
  test: {
    pool: 'threads',
    reporters: ['default', './scripts/tally.ts'],
    include: ['packages/*/src/**/*.test.ts', '{scripts,bench,examples}/**/*.test.ts'],
    isolate: false,
    sequence: { shuffle: true },
    testTimeout: 30_000,
    execArgv: ['-C', '@synod/source'],
  },
})
