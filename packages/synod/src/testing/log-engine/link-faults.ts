import { assert, type NodeId } from '../../core/index.ts'
import { EngineWorld, type LogEngineParts } from './engine-world.ts'

/** Something that is wrong with the links of a cluster, for good. */
export interface LinkFault {
  readonly name: string
  readonly members: readonly NodeId[]
  readonly leader: NodeId
  /** What happens after the leader was elected. */
  readonly strike: <State, Message, Durable, Node>(struck: Struck<State, Message, Durable, Node>) => void
}

const three = ['a', 'b', 'c']
const five = ['a', 'b', 'c', 'd', 'e']

/** Links that nobody names are cut. The last three are those of OmniPaxos (Ng, Haridi, Carbone, EuroSys 2023), and what Cloudflare had in 2020. */
export const linkFaults: readonly LinkFault[] = [
  {
    name: 'a member is cut off for 20 s, and comes back',
    members: three,
    leader: 'a',
    strike: (struck) => {
      struck.world.partition(['a', 'b'])
      struck.drive(20_000)
      struck.world.heal()
    },
  },
  {
    name: 'a member was removed while it was cut off, and comes back',
    members: three,
    leader: 'a',
    strike: (struck) => {
      struck.world.partition(['a', 'b'])
      struck.world.change('a', { type: 'remove', id: 'c' })
      struck.drive(20_000)
      struck.world.heal()
    },
  },
  {
    name: 'a member does not hear the leader, though the leader hears it',
    members: three,
    leader: 'a',
    strike: ({ world }) => void world.cut.add('a>c'),
  },
  {
    name: 'the leader hears nobody, though all hear it',
    members: three,
    leader: 'a',
    strike: ({ world }) => void world.cut.add('b>a').add('c>a'),
  },
  { name: 'the leader is cut off', members: three, leader: 'a', strike: ({ world }) => world.partition(['b', 'c']) },
  {
    name: 'chained: a – b – c, and c leads (Cloudflare 2020, three members)',
    members: three,
    leader: 'c',
    strike: (struck) => struck.connect('ab', 'bc'),
  },
  {
    name: 'a – b – c all linked, d to b only, e to c only, and c leads (Cloudflare 2020, five members)',
    members: five,
    leader: 'c',
    strike: (struck) => struck.connect('ab', 'bc', 'ac', 'bd', 'ce'),
  },
  {
    name: 'quorum loss: all are linked to a only, and e leads',
    members: five,
    leader: 'e',
    strike: (struck) => struck.connect('ab', 'ac', 'ad', 'ae'),
  },
  {
    name: 'constrained: b, c, d are linked to a only, e to nobody; e led, and a has all that is decided',
    members: five,
    leader: 'e',
    strike: (struck) => struck.connect('ab', 'ac', 'ad'),
  },
]

/** As the one before it; but the only member that reaches a quorum has not all that is decided. */
export const constrainedAndBehind: LinkFault = {
  name: 'the same, and a lacks something that is decided',
  members: five,
  leader: 'e',
  strike: (struck) => {
    const { world } = struck
    world.partition(['b', 'c', 'd', 'e'])
    world.propose('e', 1)
    world.deliver()
    world.heal()
    struck.connect('ab', 'ac', 'ad')
  },
}

/** From good to bad. */
export const outcomes = ['undisturbed', 'settles', 'changes leaders for ever', 'blocked'] as const
export type Outcome = (typeof outcomes)[number]

/** A cluster after such a fault, under commands all the while. Times are those of engines with T = 1 s. */
export class Struck<State = unknown, Message = unknown, Durable = unknown, Node = unknown> {
  readonly world: EngineWorld<State, Message, Durable, Node>
  private elections = 0
  private sequence = 0

  constructor(
    parts: LogEngineParts<State, Message, Durable, Node>,
    { members, leader, strike }: LinkFault,
    seed: number,
  ) {
    this.world = new EngineWorld(parts, { members, seed, delay: [1, 5], sync: [1, 5] })
    this.world.listen = (one) => {
      if (one.type === 'led' && one.by === one.node) this.elections++
    }
    this.world.startAll()
    this.world.fire(leader, 'election')
    this.world.deliver()
    assert(this.world.leader() === leader, `${leader} was elected`)
    this.world.run(500)
    strike(this)
  }

  /** Only these links are left, both ways. */
  connect(...links: readonly string[]): void {
    const { members, cut } = this.world
    for (const from of members.keys()) {
      for (const to of members.keys()) {
        const linked = links.includes(`${from}${to}`) || links.includes(`${to}${from}`)
        if (from !== to && !linked) cut.add(`${from}>${to}`)
      }
    }
  }

  /** Time passes, and whoever takes itself for the leader is given a command every 200 ms. */
  drive(time: number): void {
    for (let passed = 0; passed < time; passed += 200) {
      for (const { id, engine } of this.world.members.values())
        if (engine.standing.leading) this.world.propose(id, ++this.sequence)
      this.world.run(200)
    }
  }

  get decided(): number {
    return Math.max(...[...this.world.members.values()].map(({ machine }) => machine.applied))
  }

  /** What becomes of it in a minute; and when the last leader was elected, if that was in the first half of it. */
  outcome(): { readonly outcome: Outcome; readonly settledAfter: number } {
    let [last, settledAfter] = [this.elections, 0]
    for (let second = 1; second <= 30; second++) {
      this.drive(1000)
      if (this.elections !== last) settledAfter = second * 1000
      last = this.elections
    }
    const before = this.decided
    this.drive(30_000)
    if (this.decided <= before + 10) return { outcome: 'blocked', settledAfter }
    if (this.elections !== last) return { outcome: 'changes leaders for ever', settledAfter }
    return { outcome: last === 1 ? 'undisturbed' : 'settles', settledAfter }
  }
}

/** README's table: what it promises of a fault, a cell for each setting. */
export function promisedIn(readme: string, { name }: LinkFault): string[] {
  const row = readme.split('\n').find((line) => line.startsWith(`| ${name} `)) ?? ''
  return row
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())
}
