import { assert, membersOf, present, type NodeId } from '../../core/index.ts'
import { electionTimeout, EngineWorld, type EngineWorldOptions, type LogEngineParts } from './engine-world.ts'

/** Something that every log engine promises to its member, and the proof of it: it throws if the promise is broken. */
export interface Claim {
  readonly name: string
  readonly prove: () => void
}

/** Whatever protocol its members run. */
type World = Omit<EngineWorld, 'parts' | 'listen'>

/** What every log engine promises, whichever protocol it is: to be run by any test runner, each claim for itself. */
export function logEngineClaims<State, Message, Durable, Node>(
  parts: LogEngineParts<State, Message, Durable, Node>,
): readonly Claim[] {
  const three = (options: Partial<EngineWorldOptions> = {}): World => {
    const world = new EngineWorld(parts, { members: ['a', 'b', 'c'], ...options })
    world.startAll()
    return world
  }
  return [
    { name: 'a leader is elected, and what it proposes is decided by all in one order', prove: () => decides(three()) },
    { name: 'who does not lead refuses, and what is refused is never decided', prove: () => refuses(three()) },
    {
      name: 'a cluster of one decides by itself',
      prove: () => alone(new EngineWorld(parts, { members: ['a'] })),
    },
    { name: 'a minority decides nothing, and a leader cut off from its quorum goes', prove: () => minority(three()) },
    { name: 'a leader that was replaced answers no read', prove: () => staleRead(three()) },
    { name: 'a read is answered with what was decided when it was asked', prove: () => freshRead(three()) },
    { name: 'a crash after any event loses nothing that was decided', prove: () => crashAnywhere(three) },
    { name: 'a loss of power at all members at once loses nothing that was decided', prove: () => blackout(three()) },
    { name: 'a member that lags behind what is compacted is caught up by a snapshot', prove: () => snapshot(three()) },
    { name: 'a member starts again from its snapshot', prove: () => restart(three()) },
    { name: 'what is decided is told at once where a client waits, and is news elsewhere', prove: () => news(three()) },
    { name: 'no hand-over waits for news', prove: () => newsAndTransfer(three({ newsDelay })) },
    { name: "no read waits for news, a learner's neither", prove: () => newsAndReads(three({ newsDelay })) },
    { name: 'leadership is handed to whom it is meant for', prove: () => transfer(three()) },
    { name: 'a leader that resigns leads no more, and another one is elected', prove: () => resign(three()) },
    { name: 'a member is added as a learner, and votes once it has caught up', prove: () => added(three()) },
    { name: 'a member is removed, and the others go on without it', prove: () => removed(three()) },
    { name: 'a leader that is removed hands over', prove: () => removedLeader(three()) },
    { name: 'changes that make no sense are refused, and say why', prove: () => refusedChanges(three()) },
    {
      name: 'a member that has lost records serves nothing until its peers have made it whole',
      prove: () => damaged(three()),
    },
  ]
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

function leaderOf(world: World): NodeId {
  assert(
    world.until(() => world.leader() !== undefined),
    'a leader is elected',
  )
  return present(world.leader(), 'a leader')
}

/** Proposes until it is taken, and waits until all that run have applied it. */
function put(world: World, sequence: number): void {
  const isTaken = (): boolean => world.propose(leaderOf(world), sequence)
  for (let tries = 0; !isTaken(); tries++) {
    assert(tries < 100, 'a proposal is taken')
    world.run(electionTimeout / 10)
  }
  assert(
    world.until(() => [...world.members.values()].every((member) => !member.up || has(world, member.id, sequence))),
    `all have applied ${sequence}`,
  )
}

function has(world: World, id: NodeId, sequence: number): boolean {
  return world.member(id).machine.commands.some((command) => command.slice(1) === `${sequence}`)
}

function others(world: World, id: NodeId): NodeId[] {
  return [...world.members.keys()].filter((other) => other !== id)
}

function commands(world: World, id: NodeId): string {
  return world.member(id).machine.commands.join()
}

function decides(world: World): void {
  for (const sequence of numbers(1, 20)) put(world, sequence)
  for (const id of world.members.keys()) assert(commands(world, id) === commands(world, 'a'), 'one order')
}

function refuses(world: World): void {
  const leader = leaderOf(world)
  put(world, 1)
  for (const id of others(world, leader)) assert(!world.propose(id, 99), `${id} does not lead`)
  put(world, 2)
  for (const id of world.members.keys()) assert(!has(world, id, 99), 'refused, and decided')
}

/** A member keeps news back, so what somebody waits for must not be news. */
function news(world: World): void {
  const leader = leaderOf(world)
  put(world, 1)
  world.run(electionTimeout)
  const [waiting = '', other = ''] = others(world, leader)
  world.news.length = 0
  const asked = world.now
  assert(world.propose(leader, 2, 1, waiting), 'a leader takes what another member forwards')
  assert(
    world.until(() => has(world, waiting, 2)),
    'who waits hears of it',
  )
  assert(world.now - asked < electionTimeout / 20, 'and need not wait for a heartbeat')
  assert(!world.news.includes(waiting) && world.news.includes(other), 'it is news to the other one alone')
  world.news.length = 0
  put(world, 3)
  assert(
    world.news.includes(waiting) && world.news.includes(other),
    'what a client of the leader asked is news to both',
  )
}

/** For ever, for whoever waits. */
const newsDelay = 100 * electionTimeout

/** So much is decided, and only its leader knows; wherever between two heartbeats. */
function* decidedUntold(world: World): Generator<number> {
  for (const sequence of numbers(1, 10)) {
    put(world, sequence)
    world.run(electionTimeout + (sequence * electionTimeout) / 50)
    const [leader, untold] = [leaderOf(world), 100 + sequence]
    assert(world.propose(leader, untold), 'a leader takes it')
    assert(
      world.until(() => has(world, leader, untold)),
      'it is decided',
    )
    yield untold
  }
}

function newsAndTransfer(world: World): void {
  for (const untold of decidedUntold(world)) {
    const leader = leaderOf(world)
    const [heir = ''] = others(world, leader)
    if (untold % 2 === 0) assert(world.propose(leader, 100 + untold), 'it is under way while it hands over')
    assert(world.engine(leader).transfer(heir), 'a leader hands over')
    assert(
      world.until(() => world.leader() === heir && has(world, heir, untold), electionTimeout / 8),
      `${heir} leads, at once`,
    )
  }
}

/** Whose client reads must have applied what the leader says, and the leader does not know whose it is. */
function newsAndReads(world: World): void {
  put(world, 0)
  world.add('d')
  change(world, 'addLearner', 'd')
  world.start('d')
  for (const untold of decidedUntold(world)) {
    const asked = world.now
    assert(world.read(leaderOf(world), untold), 'a leader takes a read')
    const all = [...world.members.keys()]
    assert(
      world.until(() => world.answered.has(untold) && all.every((id) => has(world, id, untold))),
      'all can answer it',
    )
    assert(world.now - asked < electionTimeout / 20, 'and need not wait for a heartbeat')
  }
}

function alone(world: World): void {
  world.startAll()
  for (const sequence of numbers(1, 5)) put(world, sequence)
  world.crash('a')
  world.start('a')
  put(world, 6)
  assert(
    numbers(1, 6).every((sequence) => has(world, 'a', sequence)),
    'nothing is lost',
  )
}

function minority(world: World): void {
  const leader = leaderOf(world)
  put(world, 1)
  world.partition([leader], others(world, leader))
  world.propose(leader, 2)
  assert(
    world.until(() => !world.engine(leader).standing.leading),
    'a leader without a quorum goes',
  )
  assert(
    world.until(() => world.leader() !== undefined),
    'the others elect',
  )
  world.propose(leaderOf(world), 3)
  world.run(10 * electionTimeout)
  assert(!has(world, leader, 2) && !has(world, leader, 3), 'a minority decides nothing')
  world.heal()
  put(world, 4)
  for (const id of world.members.keys()) assert(commands(world, id) === commands(world, leader), 'one order')
}

function staleRead(world: World): void {
  const old = leaderOf(world)
  put(world, 1)
  world.partition([old], others(world, old))
  const isReplaced = (): boolean => world.leader() !== undefined && world.leader() !== old
  // It still leads, and cannot know better.
  assert(world.engine(old).standing.leading && world.read(old, 1), 'it takes the read')
  assert(world.until(isReplaced), 'the others elect')
  world.run(10 * electionTimeout)
  assert(!world.answered.has(1), 'a leader that was replaced answers no read')
  assert(world.dropped.has(1), 'it says that it will not')
}

function freshRead(world: World): void {
  for (const sequence of numbers(1, 10)) {
    put(world, sequence)
    const leader = leaderOf(world)
    assert(world.read(leader, sequence), 'a leader takes a read')
    assert(
      world.until(() => world.answered.has(sequence)),
      'it is answered',
    )
    if (sequence % 3 === 0) world.engine(leader).resign()
  }
}

/** Each member in turn, at each event of a short run. */
function crashAnywhere(three: (options: Partial<EngineWorldOptions>) => World): void {
  for (const victim of ['leader', 'follower'] as const) {
    for (let events = 1; events < 60; events += victim === 'leader' ? 1 : 3) {
      const world = three({ sync: [1, 3], delay: [1, 4] })
      const leader = leaderOf(world)
      put(world, 1)
      for (const sequence of numbers(2, 4)) world.propose(leader, sequence)
      for (let i = 0; i < events; i++) world.step(Infinity)
      const decided = [...world.members.values()]
        .map(({ machine }) => machine.commands)
        .toSorted((a, b) => b.length - a.length)
      const id = victim === 'leader' ? leader : present(others(world, leader)[0], 'a follower')
      world.crash(id)
      world.run(5 * electionTimeout)
      world.start(id)
      put(world, 5)
      const before = present(decided[0], 'what was decided').join()
      assert(commands(world, id).startsWith(before), `after ${events} events: what was decided is still`)
    }
  }
}

function blackout(world: World): void {
  for (const round of numbers(1, 5)) {
    put(world, round)
    for (const id of world.members.keys()) world.crash(id)
    world.startAll()
  }
  put(world, 6)
  for (const id of world.members.keys())
    for (const sequence of numbers(1, 6)) assert(has(world, id, sequence), 'decided')
}

function snapshot(world: World): void {
  const [lagging] = others(world, leaderOf(world))
  const id = present(lagging, 'a follower')
  world.crash(id)
  for (const sequence of numbers(1, 30)) put(world, sequence)
  for (const other of others(world, id)) world.compact(other)
  world.start(id)
  put(world, 31)
  assert(world.installed > 0, 'a snapshot was installed')
  assert(commands(world, id) === commands(world, leaderOf(world)), 'the same state')
}

function restart(world: World): void {
  for (const sequence of numbers(1, 10)) put(world, sequence)
  world.compact('a', 2)
  for (const sequence of numbers(11, 15)) put(world, sequence)
  world.crash('a')
  world.start('a')
  put(world, 16)
  for (const sequence of numbers(1, 16)) assert(has(world, 'a', sequence), 'nothing is lost')
}

function transfer(world: World): void {
  for (const round of numbers(1, 4)) {
    put(world, round)
    const leader = leaderOf(world)
    const heir = present(others(world, leader)[round % 2], 'another member')
    assert(!world.engine(heir).transfer(leader), 'only a leader hands over')
    assert(world.engine(leader).transfer(heir), 'a leader hands over')
    assert(
      world.until(() => world.leader() === heir, electionTimeout / 2),
      `${heir} leads, at once`,
    )
  }
}

function resign(world: World): void {
  put(world, 1)
  const leader = leaderOf(world)
  const { term } = world.engine(leader).standing
  world.engine(leader).resign()
  assert(!world.engine(leader).standing.leading, 'it leads no more')
  put(world, 2)
  assert(world.engine(leaderOf(world)).standing.term > term, 'nobody leads the same term twice')
}

function voters(world: World): readonly NodeId[] {
  const { committedMembership } = world.engine(leaderOf(world)).standing
  return committedMembership.outgoing.length > 0 ? [] : committedMembership.voters
}

function change(world: World, type: 'addVoter' | 'addLearner' | 'remove' | 'demote', id: NodeId): void {
  for (let tries = 0; ; tries++) {
    const outcome = world.change(leaderOf(world), { type, id, contact: '' })
    if ('index' in outcome) return
    assert(tries < 100, `a change is taken at last: ${outcome.message}`)
    world.run(electionTimeout)
  }
}

function added(world: World): void {
  for (const sequence of numbers(1, 10)) put(world, sequence)
  world.add('d')
  change(world, 'addVoter', 'd')
  world.run(5 * electionTimeout)
  assert(!voters(world).includes('d'), 'who is not there holds nothing up')
  put(world, 11)
  world.start('d')
  assert(
    world.until(() => voters(world).includes('d')),
    'd votes',
  )
  put(world, 12)
  assert(commands(world, 'd') === commands(world, 'a'), 'it has all')
  // Two of four are no quorum, and with d they are.
  const leader = leaderOf(world)
  const other = others(world, leader).find((id) => id !== 'd')
  world.crash(present(other, 'a member'))
  put(world, 13)
}

function removed(world: World): void {
  put(world, 1)
  const gone = present(others(world, leaderOf(world))[0], 'a follower')
  change(world, 'remove', gone)
  assert(
    world.until(() => voters(world).length === 2),
    'two are left',
  )
  world.run(5 * electionTimeout)
  assert(!membersOf(world.engine(gone).standing.committedMembership).includes(gone), 'it hears of it')
  world.crash(gone)
  put(world, 2)
}

function removedLeader(world: World): void {
  put(world, 1)
  const gone = leaderOf(world)
  change(world, 'remove', gone)
  const isOver = (): boolean => world.leader() !== undefined && world.leader() !== gone && voters(world).length === 2
  assert(world.until(isOver), 'another one leads')
  assert(
    world.until(() => !membersOf(world.engine(gone).standing.committedMembership).includes(gone)),
    'it knows that it is gone',
  )
  world.crash(gone)
  put(world, 2)
}

function refusedChanges(world: World): void {
  put(world, 1)
  const leader = leaderOf(world)
  const follower = present(others(world, leader)[0], 'a follower')
  const code = (id: NodeId, ...changes: Parameters<World['change']>[1][]): string | undefined => {
    const outcome = world.change(id, ...changes)
    return 'code' in outcome ? outcome.code : undefined
  }
  const refusals = [
    [code(follower, { type: 'remove', id: leader }), 'not-leader'],
    [code(leader, { type: 'addVoter', id: follower, contact: '' }), 'exists'],
    [code(leader, { type: 'remove', id: 'z' }), 'unknown-member'],
    [code(leader, { type: 'promote', id: follower }), 'not-learner'],
    [code(leader, ...['a', 'b', 'c'].map((id) => ({ type: 'remove', id }) as const)), 'no-voters'],
  ] as const
  for (const [refused, expected] of refusals) assert(refused === expected, `${refused} instead of ${expected}`)
  for (const id of others(world, leader)) world.crash(id)
  // Two of the three that would be left are not heard any more, and the leader still leads.
  world.run(electionTimeout / 2)
  assert(code(leader, { type: 'addLearner', id: 'd', contact: '' }) === undefined, 'a learner may be added')
  assert(code(leader, { type: 'addLearner', id: 'e', contact: '' }) === 'pending', 'one change at a time')
}

function damaged(world: World): void {
  for (const sequence of numbers(1, 10)) put(world, sequence)
  const leader = leaderOf(world)
  const [id, other] = [present(others(world, leader)[0], 'a follower'), present(others(world, leader)[1], 'a follower')]
  world.crash(id)
  const { journal, unreadable } = world.member(id)
  for (const position of numbers(3, journal.length - 1)) unreadable.add(position)
  // Nobody can say what it has forgotten.
  world.crash(other)
  world.start(id)
  world.run(20 * electionTimeout)
  assert(
    world.engine(id).standing.repairing && !world.engine(id).standing.leading,
    'it knows that it has lost something',
  )
  assert(!world.read(id, 1), 'it serves no read')
  world.start(other)
  const isWhole = (): boolean => !world.engine(id).standing.repairing
  for (const sequence of numbers(11, 40)) if (!isWhole()) put(world, sequence)
  assert(world.until(isWhole), 'its peers make it whole')
  for (const sequence of numbers(1, 10)) assert(has(world, id, sequence), 'it has all that was decided')
}
