import { describe, expect, test } from 'vitest'
import { choose, present, type Invariant, type NodeId } from '../core/index.ts'
import {
  describeProtocol,
  drawPlan,
  jsonCommand,
  shrink,
  simulate,
  sizeOf,
  storyOf,
  World,
  type Json,
  type ParticipantEnvironment,
  type ParticipantNode,
  type Participant,
  type Plan,
  type Subject,
} from './index.ts'

// Goal: a bare protocol lives in the world as a log engine does: durable before sent, restored after any crash, cut off
// from what was damaged. Method: a protocol that remembers what it says, and says it to all; what was heard anywhere
// must be remembered by whoever said it. Each claim is also broken on purpose, by a subclass.

interface Said {
  readonly text: string
}
interface State {
  said: string[]
  heard: (readonly [NodeId, string])[]
}
type Env = ParticipantEnvironment<Said, Said>
type Node = ParticipantNode<State>

class Gossip {
  state: State = { said: [], heard: [] }
  readonly env: Env
  readonly nodes: readonly NodeId[]

  constructor(env: Env, nodes: readonly NodeId[]) {
    this.env = env
    this.nodes = nodes
  }

  restore({ text }: Said): void {
    this.state.said.push(text)
  }

  start(): void {
    this.env.setTimer('again', 100, 200)
  }

  say(text: string): boolean {
    if (this.state.said.includes(text)) return false
    this.state.said.push(text)
    this.env.persist({ text })
    this.tell(text)
    return true
  }

  tell(text: string): void {
    for (const id of this.nodes) this.env.send(id, { text })
  }

  timeout(): void {
    const last = this.state.said.at(-1)
    if (last !== undefined) this.tell(last)
    this.start()
  }

  receive({ text }: Said, from: NodeId): void {
    this.state.heard.push([from, text])
    if (this.state.heard.length === 1) this.env.decide(1, 0, jsonCommand('heard something'))
  }
}

class Forgetful extends Gossip {
  override restore(): void {
    this.state.said = []
  }
}

type Play = Subject<Participant<Gossip, Said, Said>, Node>

function remembered(of: (node: Node) => State): (node: Node, nodes: readonly Node[]) => string | undefined {
  return (node, nodes) => {
    for (const { id, state } of nodes) {
      for (const [from, text] of state.heard) {
        const speaker = from === node.id ? node : undefined
        if (speaker !== undefined && !of(speaker).said.includes(text)) return `${id} heard ${text} of ${from}`
      }
    }
    return undefined
  }
}

const isRemembered = { name: 'what was heard is remembered', watch: () => remembered(({ state }) => state) }
const isDurable = { name: 'what was heard is durable', watch: () => remembered(({ durable }) => durable) }

interface Rest {
  readonly recovers?: boolean
  readonly invariants?: readonly Invariant<Node>[]
}

function gossip(Protocol: typeof Gossip = Gossip, rest: Rest = {}): Play {
  return describeProtocol({
    name: 'gossip',
    make: (env: Env, nodes) => new Protocol(env, nodes),
    pace: 200,
    inputs: { say: (stream) => `word ${choose(stream, 1000)}` },
    invariants: [isRemembered, isDurable],
    ...rest,
  })
}

/** A world of these participants that is driven by hand. */
function worldOf(subject: Play, nodes: readonly NodeId[] = ['a', 'b', 'c']) {
  const plan: Plan = { ...drawPlan(subject, 1, { without: 'all' }), nodes }
  const world: World<Participant<Gossip, Said, Said>> = new World({
    seed: 1,
    nodes,
    member: (id, ports, diskId) => play.member(id, ports, diskId),
  })
  const play = subject.play(plan, { world, now: () => world.now, violation: () => undefined, beat: () => undefined })
  for (const id of nodes) world.start(id)
  world.run(200)
  const ask = (id: NodeId, operation: Json): string | undefined => {
    let how: string | undefined
    world.act(id, () => play.submit(id, 'client', operation, (answer) => (how = answer)))
    return how
  }
  const stateOf = (id: NodeId): State => play.node(id)?.state ?? { said: [], heard: [] }
  return { world, ask, stateOf, node: (id: NodeId) => play.node(id) }
}

function firstBroken(subject: Play, seeds: number): string | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation } = simulate(subject, drawPlan(subject, seed, { duration: 3000 }))
    if (violation !== undefined) return violation.invariant
  }
  return undefined
}

describe('what a participant says', () => {
  test('is durable before it leaves, under every fault that its subject can meet', () => {
    expect(firstBroken(gossip(), 30)).toBe(undefined)
  })

  test('is found out when it leaves earlier', () => {
    class Hasty extends Gossip {
      override tell(text: string): void {
        for (const id of this.nodes) this.env.sendAhead(id, { text })
      }
    }
    expect(firstBroken(gossip(Hasty), 60)).toBe('what was heard is durable')
  })

  test('is found out when a restart forgets it', () => {
    expect(firstBroken(gossip(Forgetful, { invariants: [isRemembered] }), 60)).toBe(isRemembered.name)
  })

  test('is followed on the disk by what a recovery would make of it', () => {
    expect(firstBroken(gossip(Forgetful, { invariants: [isDurable] }), 60)).toBe(isDurable.name)
  })

  test('is durable when its own sync has ended, and not when that of another record has', () => {
    const { world, ask, node } = worldOf(gossip())
    world.node('a').disk.faults.syncTime = 20
    const durable: (readonly string[] | undefined)[] = []
    const lookAfter = (duration: number): void => {
      world.run(duration)
      durable.push([...(node('a')?.durable.said ?? [])])
    }
    ask('a', { say: 'one' })
    lookAfter(5)
    ask('a', { say: 'two' })
    lookAfter(18)
    lookAfter(20)
    expect(durable).toEqual([[], ['one'], ['one', 'two']])
  })

  test('reaches itself, and all others, over links that open by themselves', () => {
    const { world, ask, stateOf } = worldOf(gossip())
    expect(ask('a', { say: 'hello' })).toBe('ok')
    world.run(50)
    for (const id of ['a', 'b', 'c']) expect(stateOf(id).heard).toContainEqual(['a', 'hello'])
  })
})

describe('a participant that is started again', () => {
  test('has every record it was to keep, over many segments of its journal', () => {
    const { world, ask, stateOf, node } = worldOf(gossip())
    const words = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat(4000)}`)
    for (const word of words) {
      ask('a', { say: word })
      world.run(20)
    }
    world.powerCut('a')
    world.start('a')
    world.run(200)
    expect(world.node('a').disk.files.size).toBeGreaterThan(3)
    expect(node('a')?.incarnation).toBe(2)
    expect(stateOf('a').said).toEqual(words)
    expect(stateOf('a').heard).not.toEqual([])
  })

  test('does not go on when records that were synced are gone', () => {
    const { world, ask } = worldOf(gossip())
    for (const word of ['one', 'two', 'three']) {
      ask('a', { say: word })
      world.run(50)
    }
    world.kill('a')
    world.node('a').disk.corrupt('journal-0000000001', 4096 + 60)
    world.start('a')
    world.run(200)
    expect(world.node('a').halted).toMatchObject({ code: 'corrupt' })
  })

  test('has decided nothing in the moment in which its machine lost its power', () => {
    const { world, ask, node } = worldOf(gossip())
    let synced = false
    world.onDisk = (machine, operation) => {
      if (machine.id !== 'a' || operation !== 'sync' || synced) return
      synced = true
      world.powerCut('a')
    }
    ask('a', { say: 'hello' })
    world.run(50)
    expect(synced).toBe(true)
    expect(node('a')?.decided).toEqual([])
    world.start('a')
    world.run(500)
    expect(node('a')?.state.said).toEqual(['hello'])
    expect(node('a')?.decided).toHaveLength(1)
  })

  test('never is, where its protocol assumes that whoever crashes stays away', () => {
    const { world, ask, node } = worldOf(gossip(Gossip, { recovers: false }))
    world.kill('a')
    world.start('a')
    world.run(500)
    expect(node('a')?.incarnation).toBe(1)
    expect(ask('a', { say: 'hello' })).toBe('rejected')
  })

  test('waits for room on a full disk, and says nothing before there is some', () => {
    const { world, ask, stateOf } = worldOf(gossip())
    world.node('a').disk.faults.capacity = 1
    const words = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat(4000)}`)
    for (const word of words) {
      ask('a', { say: word })
      world.run(20)
    }
    expect(stateOf('b').heard).not.toContainEqual(['a', words.at(-1)])
    world.node('a').disk.faults.capacity = undefined
    world.run(3000)
    expect(stateOf('b').heard).toContainEqual(['a', words.at(-1)])
    expect(world.node('a').halted).toBe(undefined)
  })
})

describe('a described protocol', () => {
  test('that does not get on is told by who waits for what', () => {
    class Mute extends Gossip {
      override receive(): void {
        this.state.heard = []
      }
    }
    const subject = gossip(Mute)
    const { violation } = simulate(subject, drawPlan(subject, 1, { duration: 1000, without: 'all' }))
    expect(violation).toMatchObject({ invariant: 'progress' })
    expect(violation?.message).toMatch(/\bb has decided nothing, its state is \{"said":\["word/)
  })

  test('gets on with a core of its own quorum', () => {
    const subject = { ...gossip(), sizes: [5] }
    const { progress } = simulate(subject, drawPlan(subject, 1, { duration: 1000 }))
    expect(progress?.core).toHaveLength(3)
  })

  test('is never asked for what is not among its inputs', () => {
    const { ask } = worldOf(gossip())
    expect(() => ask('a', { restore: { text: 'forged' } })).toThrow('gossip has no input restore')
  })

  test('asks nothing of its environment while it is built', () => {
    class Early extends Gossip {
      constructor(env: Env, nodes: readonly NodeId[]) {
        super(env, nodes)
        env.persist({ text: 'too early' })
      }
    }
    expect(() => worldOf(gossip(Early))).toThrow('asks nothing of its environment')
  })

  test('that breaks is shrunk, and its run is told line by line', () => {
    const subject = gossip(Forgetful, { invariants: [isRemembered] })
    const plans = Array.from({ length: 60 }, (_, i) => drawPlan(subject, i + 1, { duration: 3000 }))
    const plan = present(
      plans.find((one) => simulate(subject, one).violation !== undefined),
      'one of these runs breaks',
    )
    const shrunk = shrink(subject, plan, isRemembered.name)
    expect(shrunk === undefined ? Infinity : sizeOf(shrunk.plan)).toBeLessThanOrEqual(4)
    const story = storyOf(subject, shrunk?.plan ?? plan).join('\n')
    expect(story).toMatch(/ms {2}client\d asks (\w): \{"say":"word \d+"\}\n.* ms {2}\1 is asked say word/)
    expect(story).toMatch(/ms {2}fault: /)
    expect(story).toMatch(/what was heard is remembered is broken: \w heard word \d+ of \w$/)
  })
})
