import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { EtcdClient } from '../testing/etcd-client.ts'
import { check } from '../testing/replay.ts'
import type { Deviation } from '../testing/replay.ts'
import { RealCluster } from '../testing/real-cluster.ts'
import { Bindings, scenarios } from '../testing/transcript.ts'
import type { Json, Line } from '../testing/transcript.ts'

// Goal: whoever administers etcd administers this. Method: the recorded conversation with three members of etcd, of which
// a fourth becomes one, replayed with three durable members, and their peers' connections.

const scenario = scenarios('cluster').find((one) => one.scenario === 'three-members')
const lines = scenario?.lines ?? []

/** What is not replayed, and why. Every line is either replayed or meant by one of these. */
const left: { why: string; means: (line: Line) => boolean }[] = [
  { why: 'watches are not here yet', means: ({ op }) => op === 'Watch/Watch' },
  { why: 'HTTP is not here yet', means: ({ op }) => op?.startsWith('GET /') === true },
  { why: 'a member may be added at once: it joins as a learner', means: ({ op }) => op === '@sleep' },
  { why: 'how the client gives up is its own', means: ({ note }) => note === 'the client’s deadline' },
]

const deviations: Deviation[] = [
  {
    op: 'KV/Put',
    request: '"Mw=="',
    why: 'one that found no leader was certainly not applied, which is more than etcd says (incidental)',
    answer: { error: { code: 14, message: 'etcdserver: no leader' } },
  },
]

test('what is left out of it is meant: each exception is of some line, and the others are replayed', () => {
  for (const { why, means } of left) expect(lines.some(means), why).toBe(true)
  expect(lines.filter((line) => !left.some(({ means }) => means(line)))).toHaveLength(34)
})

test('three-members: answers as etcd does', { timeout: 150_000 }, async () => {
  const cluster = await new RealCluster().start(3)
  try {
    const fourth = await cluster.plan()
    expect(await new Replay(cluster).run()).toEqual([])
    expect(fourth.halted).toMatchObject({ code: 'removed' })
  } finally {
    await cluster.stop()
  }
})

class Replay {
  private readonly cluster: RealCluster
  private readonly bindings: Bindings
  private follower = 0

  constructor(cluster: RealCluster) {
    this.cluster = cluster
    const known = cluster.members.flatMap(({ url, peerUrl }, i) => [
      [`$clientURL${i + 1}`, url],
      [`$peerURL${i + 1}`, peerUrl],
    ])
    this.bindings = new Bindings(Object.fromEntries(known) as Record<string, string>)
  }

  async run(): Promise<string[]> {
    const wrong: string[] = []
    for (const line of lines) {
      if (left.some(({ means }) => means(line))) continue
      wrong.push(...(await this.play(line)))
    }
    return wrong
  }

  private async play(line: Line): Promise<string[]> {
    const { op = '', member } = line
    if (line.fact !== undefined) {
      await this.cluster.until(async () => this.cluster.member(4).halted !== undefined)
      return []
    }
    switch (op) {
      case '@start':
        await this.cluster.join(this.cluster.member(Number(member)))
        return []
      case '@stop':
        await this.cluster.member(Number(member)).stop()
        return []
      default:
        return this.ask(line, await this.number(member))
    }
  }

  /** `$the-leader` and `$a-follower` are whoever is one; the request may mean the follower too. */
  private async number(member: number | string | undefined): Promise<number> {
    if (typeof member !== 'string') return member ?? 1
    const leader = await this.cluster.leader()
    this.follower = [1, 2, 3].find((one) => one !== leader) ?? 0
    this.bindings.forget('$term')
    return member === '$the-leader' ? leader : this.follower
  }

  /** What takes a moment (a learner catches up, a leader notices that it is alone) is asked until it has come about. */
  private async ask(line: Line, number: number): Promise<string[]> {
    const { note = '', metadata } = line
    const patient = number === 4 || note.startsWith('repeated until') || metadata !== undefined
    let wrong = await this.once(line, number)
    for (let left = patient ? 500 : 0; left > 0 && wrong.length > 0; left--) {
      await sleep(20)
      wrong = await this.once(line, number)
    }
    return wrong
  }

  private async once(line: Line, number: number): Promise<string[]> {
    const id = String(this.cluster.member(this.follower === 0 ? 1 : this.follower).id)
    const request = followers(line.request, id)
    const expected = since36(line.response)
    const { client } = this.cluster.member(number)
    if (line.note?.startsWith('repeated until') === true) {
      const answer = await client.call(line.op ?? '', this.bindings.substitute(request ?? {}))
      return 'error' in Object(answer) ? [JSON.stringify(answer)] : []
    }
    return check(
      { ...line, request: request ?? {}, response: expected ?? {} },
      byName(client),
      this.bindings,
      deviations,
    )
  }
}

function followers(request: Json | undefined, id: string): Json | undefined {
  return request === undefined
    ? undefined
    : (JSON.parse(JSON.stringify(request).replaceAll(/"\$(a|that)-follower"/g, `"${id}"`)) as Json)
}

/** etcd lists members by their ids, the transcript by their names. */
function byName(client: EtcdClient): Pick<EtcdClient, 'call' | 'raw'> {
  return {
    raw: async (...request) => client.raw(...request),
    call: async (op, request, metadata) => {
      const answer = await client.call(op, request, metadata)
      const { members } = Object(answer) as { members?: readonly { readonly name?: string }[] }
      if (op !== 'Cluster/MemberList' || members === undefined) return answer
      const sorted = members.toSorted((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
      return { ...Object(answer), members: sorted } as Json
    },
  }
}

/** 14 until 3.5, 9 from 3.6 on. */
function since36(response: Json | undefined): Json | undefined {
  const { error } = Object(response) as { error?: { message?: string } }
  if (error?.message !== 'etcdserver: rpc not supported for learner') return response
  return { error: { code: 9, message: error.message } }
}
