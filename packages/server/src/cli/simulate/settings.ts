import { positive, whole } from '../options.ts'
import type { Setting } from '../options.ts'

/** What `synod simulate` is given. */
export interface SimulateOptions {
  readonly seeds?: number
  readonly seed?: number
  readonly hours?: number
  readonly jobs?: number
  readonly scenario?: string
  readonly artefact?: string
  readonly quiet?: boolean
  readonly svg?: string
  readonly json?: boolean
}

const seedMax = 2 ** 31 - 1

/** Flags only: what a campaign is made of, nobody would look for in the environment. */
export const simulateSettings: readonly Setting[] = [
  {
    flag: '--seeds',
    argument: 'count',
    parse: whole(1, seedMax),
    description: 'so many, from 1 on or from --seed on (default: 100)',
  },
  {
    flag: '--seed',
    argument: 'number',
    parse: whole(1, seedMax),
    description: 'the first one; without --seeds and --hours, that one alone, told in detail',
  },
  {
    flag: '--hours',
    argument: 'count',
    parse: positive,
    description: 'until so many hours are simulated',
  },
  {
    flag: '--jobs',
    argument: 'count',
    parse: whole(1, 1024),
    description: 'threads (default: one for each core)',
  },
  { flag: '--scenario', argument: 'file', description: 'JSON that fixes what seeds otherwise draw' },
  {
    flag: '--artefact',
    argument: 'file',
    description:
      'alone: replay it, also one of `synod explore`; otherwise: where to write the run that fails, a new file (default: ./synod-<protocol>-<seed>.json)',
  },
  {
    flag: '--svg',
    argument: 'file',
    description: 'where to draw what the protocol measures (failure-detectors: how fast, and how often wrong)',
  },
  { flag: '--quiet', description: 'one seed or a replay: leave out what members and clients say' },
  { flag: '--json', description: 'one JSON object at the end' },
].map((setting) => Object.assign({ environment: false }, setting))

/** What the help says below the options. */
export const simulateHelp = `
A scenario is a JSON object of any of these; what it leaves out, each seed draws:
  nodes     how many, named a, b, c …
  duration  how long faults and clients go on, in milliseconds
  load      operations a second, of all clients together
  without   kinds of faults that are left out, or "all"
  faults    exactly these faults, as an artefact lists them, in place of drawn ones
  settings  of the protocol, as an artefact lists them
What a protocol does not promise to survive, exact faults can make it fail at.

Exit codes: 0 nothing was violated, 1 something was, 2 the command line or a file is wrong, 130 interrupted.
Ctrl-C prints what was covered so far; while a run is being shrunk, it takes the smallest one so far.

Examples:
  synod simulate                                      Raft, seeds 1 to 100
  synod simulate raft --hours 10 --jobs 8
  synod simulate multi-paxos --seeds 500
  synod simulate failure-detectors --svg quality.svg
  synod simulate chandra-toueg --seeds 500
  synod simulate --seed 17                            one run, told in detail
  synod simulate --artefact synod-raft-17.json        replay a run that failed
  synod simulate --artefact synod-explore-raft.json   go the way that the explorer found
  synod simulate ./paxos.ts                           a protocol of your own: docs/simulate-your-own-protocol.md
  echo '{"nodes":3,"without":["wipe","bitFlip"]}' > calm.json && synod simulate --scenario calm.json --seeds 1000`
