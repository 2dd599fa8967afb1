import type { Milliseconds, NodeId } from '../core/index.ts'
import type { Duration } from './draws.ts'
import type { Fault } from './faults.ts'
import type { Deviation } from './virtual-link.ts'

/** What can be written as JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** A client's request, at the earliest at that time: a client has one under way. */
export interface ClientOperation {
  readonly at: Milliseconds
  readonly client: string
  /** Which node it asks: counted round the nodes. */
  readonly node: NodeId
  /** In the subject's own words; a JSON value. */
  readonly operation: unknown
}

/** What an administrator asks, once, of one node: who takes part, who leads. */
export interface Errand {
  readonly at: Milliseconds
  /** Asked is the first of these that is up. */
  readonly nodes: readonly NodeId[]
  /** Under this name it is counted when it is done: one of the subject's own. */
  readonly type: string
  /** Machines that come into the world with it, their disks empty: each is started so long after, or never. */
  readonly newcomers: readonly { readonly id: NodeId; readonly after: Milliseconds | null }[]
  /** In the subject's own words; a JSON value. */
  readonly operation: unknown
}

/**
 * A whole run, as data: everything that comes from outside is listed, and what is drawn inside comes from `seed`, each
 * purpose from a stream of its own. So a run can be replayed, and made smaller, by editing its plan.
 */
export interface Plan {
  /** Which subject it is for. */
  readonly protocol: string
  readonly seed: number
  readonly nodes: readonly NodeId[]
  /** What the subject drew for itself: timeouts, sizes; a JSON value. */
  readonly settings: unknown
  readonly latency: Duration
  readonly diskTime: Duration
  readonly syncTime: Duration
  /** What the clocks show at the beginning. */
  readonly skew: Readonly<Record<NodeId, Milliseconds>>
  readonly operations: readonly ClientOperation[]
  readonly faults: readonly Fault[]
  readonly errands: readonly Errand[]
  /** Fates of single frames, where chance was replaced by what it did. */
  readonly deviations: readonly Deviation[]
  /** How long faults and clients go on. */
  readonly duration: Milliseconds
  /** Then a core of nodes is healed, and must get on within so long; 0: safety only. */
  readonly patience: Milliseconds
}

/** Version of the artefact's format; raised whenever an older reader would misread it. */
export const artefactVersion = 2

/** What a failing run leaves behind: the plan that replays it, and what is to be seen. */
export interface Artefact {
  readonly synod: 'artefact'
  readonly version: typeof artefactVersion
  readonly plan: Plan
  /** What it breaks, and how many events of the world come before that; a replay must find the same. */
  readonly violation: { readonly invariant: string; readonly message: string } | undefined
  readonly trace: string
}

/** It is no artefact, or one of another version. The message says what was found, and what to do. */
export class ArtefactUnreadable extends Error {
  override readonly name = 'ArtefactUnreadable'
}

export function writeArtefact(artefact: Omit<Artefact, 'synod' | 'version'>): string {
  const { plan, violation, trace } = artefact
  const whole = { synod: 'artefact', version: artefactVersion, violation, trace, plan: { ...plan } }
  const { operations, faults, errands, deviations, ...rest } = whole.plan
  // One event a line: it is read by people, and compared by their tools.
  const lines = (items: readonly unknown[]): string =>
    items.length === 0 ? '[]' : `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`
  const head = JSON.stringify({ synod: whole.synod, version: whole.version, violation, trace }).slice(1, -1)
  const settings = JSON.stringify(rest).slice(1, -1)
  return `{${head},"plan":{${settings},
  "faults":${lines(faults)},
  "errands":${lines(errands)},
  "operations":${lines(operations)},
  "deviations":${lines(deviations)}
}}\n`
}

/** Throws `ArtefactUnreadable`. */
export function readArtefact(text: string): Artefact {
  let artefact: unknown
  try {
    artefact = JSON.parse(text)
  } catch (error) {
    throw new ArtefactUnreadable(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const found = isRecord(artefact) ? artefact : {}
  if (found['synod'] !== 'artefact')
    throw new ArtefactUnreadable('no artefact: it does not begin with {"synod":"artefact", …')
  if (found['version'] !== artefactVersion) {
    throw new ArtefactUnreadable(
      `an artefact of version ${JSON.stringify(found['version'])}; this is Synod with version ${artefactVersion}: ` +
        'replay it with the release that wrote it',
    )
  }
  const { plan, violation, trace } = found
  const isTold =
    isRecord(violation) && [violation['invariant'], violation['message']].every((one) => typeof one === 'string')
  if (violation !== undefined && !isTold)
    throw new ArtefactUnreadable('violation should have an invariant and a message')
  if (typeof trace !== 'string') throw new ArtefactUnreadable('trace should be a text')
  if (!isRecord(plan)) throw new ArtefactUnreadable('the artefact has no plan')
  for (const [name, kind] of Object.entries(shape)) {
    const value = plan[name]
    const is = Array.isArray(value) ? 'array' : typeof value
    if (is !== kind) throw new ArtefactUnreadable(`plan.${name} should be of type ${kind}, not ${is}`)
  }
  return artefact as Artefact
}

const shape = {
  protocol: 'string',
  seed: 'number',
  nodes: 'array',
  settings: 'object',
  latency: 'object',
  diskTime: 'object',
  syncTime: 'object',
  skew: 'object',
  operations: 'array',
  faults: 'array',
  errands: 'array',
  deviations: 'array',
  duration: 'number',
  patience: 'number',
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
