import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { readMutant } from './scripts/mutant.ts'
import { WaitingFirst } from './scripts/sequencer.ts'

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

/** `*.chromium.test.ts` look at a page from outside, in the Chromium of the machine. */
function node(chromium: string | undefined): TestProjectInlineConfiguration {
  const outside = chromium === undefined ? ['**/*.chromium.test.ts'] : []
  return {
    extends: true,
    test: {
      name: 'node',
      include: ['packages/*/{src,determinism}/**/*.test.ts', '{scripts,bench,examples}/**/*.test.ts'],
      exclude: ['**/node_modules/**', '**/*.browser.test.ts', ...outside],
      provide: chromium === undefined ? {} : { chromium },
    },
  }
}

/** What must be the same on a page: `*.browser.test.ts`, in the Chromium of the machine. */
async function browser(executablePath: string): Promise<TestProjectInlineConfiguration> {
  const { playwright } = await import('@vitest/browser-playwright')
  return {
    extends: true,
    test: {
      name: 'browser',
      include: ['packages/*/determinism/**/*.browser.test.ts'],
      globalSetup: 'packages/synod/determinism/node-traces.ts',
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        instances: [{ browser: 'chromium' }],
        provider: playwright({ launchOptions: { executablePath, args: ['--no-sandbox'] } }),
      },
    },
  }
}

async function projects(): Promise<TestProjectInlineConfiguration[]> {
  // Each mutant has a process of its own, which a browser would only slow down.
  if (mutant !== undefined) return [node(undefined)]
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const chromium = ['chromium-headless-shell', 'chromium']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => existsSync(file))
  if (chromium !== undefined) return [node(chromium), await browser(chromium)]
  if (process.env['CI'] !== undefined) throw new Error('CI needs chromium-headless-shell on the PATH')
  console.warn('There is no chromium-headless-shell on the PATH: the tests of the browser are left out.')
  return [node(undefined)]
}

export default defineConfig({
  plugins: [mutation],
  resolve: source,
  ssr: { resolve: { ...source, externalConditions: source.conditions } },
  test: {
    // A transformed module of a run before must not stand in for a mutant, nor a mutant for the module.
    fsModuleCache: mutant === undefined,
    pool: 'threads',
    // One more than cores: much of the time of the longest files is spent waiting for processes that they started.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', './scripts/tally.ts'],
    projects: await projects(),
    isolate: false,
    sequence: { shuffle: { files: true, tests: true }, sequencer: WaitingFirst },
    // Only what hangs is ended: a shared machine may be several times slower than another day.
    testTimeout: 100_000,
    // Members and commands are processes of their own, some hundred of them: their modules are compiled once.
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/node-compile') },
    execArgv: ['-C', '@synod/source'],
  },
})
