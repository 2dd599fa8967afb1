import type { TestProject } from 'vitest/node'
import { tracedRuns, type TracedRun } from './runs.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly tracesOfNode: readonly TracedRun[]
  }
}

/** Runs in Node, before a browser is started: what the browser has to come to. */
export function setup(project: TestProject): void {
  project.provide('tracesOfNode', tracedRuns())
}
