import type { Json, Line, Scenario } from './transcript.ts'

// Where Synod answers otherwise than the recorded etcd 3.5.30, each with the reason. What is not listed here must be as
// recorded.

/** A line whose answer differs. */
export interface Deviation {
  readonly scenario: string
  readonly op: string
  /** A part of the request, as JSON, or of the note. */
  readonly of: string
  readonly why: string
  readonly answer: Json
}

const invalid = (message: string): Json => ({ error: { code: 3, message: `etcdserver: ${message}` } })

export const deviations: readonly Deviation[] = [
  {
    scenario: 'range-options',
    op: 'KV/Range',
    of: '"sortOrder":9',
    why: '3.6: an unknown order is refused',
    answer: invalid('invalid sort option'),
  },
  {
    scenario: 'sort-target',
    op: 'KV/Range',
    of: '"sortTarget":9',
    why: '3.6: an unknown target is refused; the process of 3.5.30 ends (defect)',
    answer: invalid('invalid sort option'),
  },
  {
    scenario: 'compare',
    op: 'KV/Txn',
    of: '"result":9',
    why: 'an unknown comparison is refused; etcd takes it for true',
    answer: invalid('invalid compare result'),
  },
  {
    scenario: 'one-member',
    op: 'Maintenance/Downgrade',
    of: '"3.4.0"',
    why: '3.6 refuses what is not one minor version below, and there is no older Synod',
    answer: invalid('invalid downgrade target version'),
  },
  {
    scenario: 'three-members',
    op: 'KV/Put',
    of: '"Mw=="',
    why: 'a write that found no leader was certainly not applied, which is more than etcd says (incidental)',
    answer: { error: { code: 14, message: 'etcdserver: no leader' } },
  },
  {
    scenario: 'three-members',
    op: 'KV/Range',
    of: 'the client’s deadline',
    why: 'how a client gives up is its own',
    answer: '$any',
  },
]

export function deviationOf({ scenario }: Scenario, line: Line): Deviation | undefined {
  const text = `${JSON.stringify(line.request)} ${line.note ?? ''}`
  return deviations.find((one) => one.scenario === scenario && one.op === line.op && text.includes(one.of))
}

/** Of a member without a vote 3.6 says 9 where 3.5 said 14. */
export function since36(response: Json | undefined): Json | undefined {
  const { error } = Object(response) as { error?: { message?: string } }
  if (error?.message !== 'etcdserver: rpc not supported for learner') return response
  return { error: { code: 9, message: error.message } }
}

/**
 * Fields that the recorded version does not have, and one that means something else there: from the second compaction on,
 * etcd tells where the one before it was.
 */
export const unlike: Readonly<Record<string, readonly string[]>> = {
  'Maintenance/Status': ['storageVersion', 'dbSizeQuota', 'downgradeInfo'],
  'POST /v3/maintenance/status': ['storageVersion', 'dbSizeQuota', 'downgradeInfo'],
  'Maintenance/HashKV': ['hashRevision', 'compactRevision'],
  'GET /version': ['synod', 'storage'],
}

/** Waiting that Synod does not need: a member may be added at once, as it joins without a vote. */
export function isNeedless({ scenario }: Scenario, { op }: Line): boolean {
  return op === '@sleep' && scenario === 'three-members'
}
