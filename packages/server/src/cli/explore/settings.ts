import { whole } from '../options.ts'
import type { Setting } from '../options.ts'

/** What `synod explore` is given: its own flags, and those of the models. */
export interface ExploreOptions {
  readonly order?: 'breadth' | 'depth' | 'random'
  readonly maxStates?: number
  readonly seed?: number
  readonly all?: boolean
  readonly sleepSets?: boolean
  readonly artefact?: string
  readonly json?: boolean
  readonly [parameter: string]: unknown
}

const most = 2 ** 31 - 1

/** Of the command itself. */
const own: readonly Setting[] = [
  {
    flag: '--order',
    argument: 'order',
    choices: ['breadth', 'depth', 'random'],
    description: 'breadth finds the shortest way to a violation; random walks a thousand times (default: breadth)',
  },
  { flag: '--max-states', argument: 'count', parse: whole(1, most), description: 'stop beyond so many' },
  { flag: '--seed', argument: 'number', parse: whole(0, most), description: 'of the hash, or of the walks' },
  { flag: '--all', description: 'go on after a violation' },
  {
    flag: '--sleep-sets',
    description: 'the same states by fewer transitions, depth first; where it is known which events commute',
  },
  {
    flag: '--artefact',
    argument: 'file',
    description:
      'without a model: replay it; otherwise: where to write a violation (default: ./synod-explore-<model>.json)',
  },
  { flag: '--json', description: 'one JSON object at the end' },
]

/** Of models; which model takes which, the list of models says. */
const ofModels = [
  'clients',
  'servers',
  'ordered',
  'max-count',
  'duplicating',
  'lossy',
  'managers',
  'symmetry',
  'acceptors',
  'values',
  'max-ballot',
  'replicas',
  'writes',
  'reads',
  'terms',
  'ballots',
  'rounds',
  'alpha',
  'suspicions',
  'elections',
  'proposals',
  'transfers',
  'crashes',
  'duplicates',
  'pre-vote',
  'canvass',
  'check-quorum',
  'late-disk',
  'change',
  'snapshots',
  'behind',
  'one-entry',
  'dead',
  'begin',
  'proposers',
  'retries',
  'accept-quorum',
  'broadcast',
  'participants',
  'faults',
  'ones',
  'liars',
  'steps',
  'inputs',
] as const

export const exploreSettings: readonly Setting[] = [
  ...own,
  ...ofModels.map((name) => ({
    flag: `--${name}`,
    argument: 'number',
    parse: whole(0, 9999),
    description: 'of the model',
  })),
].map((setting) => Object.assign({ environment: false }, setting))

export const exploreHelp = `
Without a model it lists them, with the bounds that each takes.

Exit codes: 0 nothing was violated, 1 something was, 2 the command line or a file is wrong, 3 memory ran out before all
was seen, and nothing was violated by then, 130 interrupted.

Examples:
  synod explore paxos-register --clients 2
  synod explore raft --terms 2 --crashes 1 --max-states 5000000
  synod explore ben-or --ones 0 --sleep-sets
  synod explore multi-paxos --elections 3
  synod explore flp --steps 1000
  synod explore single-copy-register --servers 2           finds that this is no register
  synod explore --artefact synod-explore-single-copy-register.json`
