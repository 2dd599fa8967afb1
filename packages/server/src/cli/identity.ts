import { createHash } from 'node:crypto'
import type { NodeId } from 'synod'

/** What orders the writes of a cluster. */
export type Engine = 'raft' | 'multi-paxos'

export const defaultEngine: Engine = 'raft'

/** One of the members that a cluster begins with. */
export interface FirstMember {
  readonly name: string
  readonly peerUrl: string
  /** As the API says it. */
  readonly id: bigint
  /** As peers, journal and logs say it: the same number in 16 hexadecimal digits. */
  readonly node: NodeId
}

/** Who takes part, and under which ids: computed by every first member alone, and equal on all. */
export interface ClusterIdentity {
  readonly id: bigint
  /** 16 hexadecimal digits: `Hello.cluster`. */
  readonly text: string
  /** In the order of their ids. */
  readonly members: readonly FirstMember[]
}

/**
 * A pure function of `--initial-cluster` and `--initial-cluster-token`, whatever the order of the list. A member's id
 * comes from its peer address and the token, so two clusters whose tokens differ have no id in common even on the same
 * addresses; the cluster's id comes from those of its members, and from the engine if that is not Raft, so that members with
 * different ones refuse each other. Names may be changed without changing any id.
 */
export function identify(
  members: readonly { name: string; peerUrl: string }[],
  token: string,
  engine: Engine = defaultEngine,
): ClusterIdentity {
  const named = members
    .map(({ name, peerUrl }) => {
      const id = digest('synod member', token, peerUrl)
      return { name, peerUrl, id, node: hexadecimal(id) }
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const id = digest(
    'synod cluster',
    token,
    ...named.map(({ node }) => node),
    ...(engine === defaultEngine ? [] : [engine]),
  )
  return { id, text: hexadecimal(id), members: named }
}

/** The first 64 bits of SHA-256. Zero means "no member" in the API, so nobody is called that. */
function digest(...parts: readonly string[]): bigint {
  const hash = createHash('sha256')
  // Each part carries its length: no two lists of parts are the same bytes.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return hash.digest().readBigUInt64BE() || 1n
}

/** An id as etcd's tools print it, but always 16 digits. */
export function hexadecimal(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, '0')
}
