import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { assert } from '../../core/index.ts'
import { randomWorld } from '../../testing/log-engine/random-world.ts'
import { multiPaxosParts } from '../../testing/multi-paxos/multi-paxos-parts.ts'
import { commandOf, OneMember } from './testing/one-member.ts'
import { isDead, MultiPaxos, type Message, type MultiPaxosEnvironment, type MultiPaxosOptions } from './index.ts'

// Goal: what dead.ts names is dead, with snapshots, hand-overs and changes of the membership too, which the explorer's model
// leaves out. Method: in random worlds the handler is run on each such message, and must neither change nor say anything; and
// whatever was dead for a member is dead after everything that comes later.
/** What it says and asks for goes through a counter. */
class Examined extends MultiPaxos {
  private readonly said: { times: number }
  private readonly dead: { readonly message: Message; readonly from: string }[] = []
  private readonly found: Set<string>

  constructor(env: MultiPaxosEnvironment, options: MultiPaxosOptions, found: Set<string>) {
    const said = { times: 0 }
    const counted = new Proxy(env, {
      get: (target, name: keyof MultiPaxosEnvironment) => {
        if (typeof target[name] === 'function') said.times++
        return target[name]
      },
    })
    super(counted, options)
    this.said = said
    this.found = found
  }

  override receive(message: Message, from: string): void {
    for (const { message: one, from: sender } of this.dead)
      assert(isDead(one, sender, this.state), `${one.type} stays dead`)
    if (!isDead(message, from, this.state)) return super.receive(message, from)
    const [before, times] = [structuredClone(this.state), this.said.times]
    super.receive(message, from)
    assert(isDeepStrictEqual(this.state, before) && this.said.times === times, `${message.type} does nothing`)
    this.found.add(message.type)
    if (this.dead.length < 50) this.dead.push({ message, from })
    return undefined
  }
}

test('in random worlds a message that is said to be dead does nothing, and stays dead', { timeout: 60_000 }, () => {
  const found = new Set<string>()
  const options = { electionTimeoutMin: 100, heartbeatInterval: 20, alpha: 4, maxMessageBytes: 300 }
  const parts = multiPaxosParts(options, (env, all) => new Examined(env, all, found))
  for (let seed = 1; seed <= 150; seed++) randomWorld(parts, seed, { changes: seed % 3 === 0 })
  expect([...found]).toEqual(
    expect.arrayContaining(['support', 'promise', 'accepted', 'refused', 'handOver', 'chosen', 'installSnapshot']),
  )
})

// Goal: an answer to an earlier ballot does not make a leader do anything. Method: one that is handing over, and waits.
test('an acceptance of an earlier ballot does not hurry a hand-over', () => {
  const member = new OneMember()
  const earlier = member.campaign()
  member.promise('b')
  member.accepted('b', [1])
  member.accept('c', 2, { 2: commandOf('x', 2) }, 1)
  member.timeout('lease')
  member.campaign()
  member.promise('b')
  member.accepted('b', [2, 3])
  const { promised: ballot, round, decided } = member.state
  member.receive('b', { type: 'accepted', ballot, slots: [], decided, round })
  expect(member.paxos.transfer('b')).toBe(true)
  expect(member.take('handOver')).toHaveLength(1)
  member.receive('b', { type: 'accepted', ballot: earlier, slots: [1], decided: 0, round: 0 })
  expect(member.take('handOver')).toEqual([])
})
