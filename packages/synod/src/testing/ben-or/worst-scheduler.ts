import { assert, choose, present, seeded, type NodeId } from '../../core/index.ts'
import {
  BenOr,
  commonCoin,
  defaultBenOrOptions,
  thresholdsOf,
  type BenOrOptions,
  type Bit,
  type Choice,
  type Durable,
  type Exchange,
  type Message,
} from '../../protocols/ben-or/index.ts'
import { HandWorld, type UnderWay } from '../hand-world.ts'

export type BenOrWorld = HandWorld<BenOr, Message, Durable>

/** Participants p1 to pn, whose own coins come from the seed. */
export function benOrWorld(n: number, options: Partial<BenOrOptions> & Pick<BenOrOptions, 'f'>, seed = 1): BenOrWorld {
  const ids = Array.from({ length: n }, (_, i) => `p${i + 1}`)
  const stream = seeded(seed)
  return new HandWorld<BenOr, Message, Durable>(
    ids,
    (env, all) => new BenOr(env, all, { ...defaultBenOrOptions, ...options }),
    { coin: (_, alternatives) => choose(stream, alternatives) },
  )
}

/**
 * The worst scheduler of Ben-Or with coins of their own: it sees all states, and shows to each participant as few votes
 * for the leading value as it can. Nobody crashes; in the Byzantine variant the last f are its own, and vote for the
 * other value. So a round ends only if the coins alone agree so much that it cannot hide it.
 *
 * Plays from a tie until somebody decides, and answers how many rounds ended in coins: their expectation is
 * `expectedRounds`.
 */
export function roundsAgainstTheWorst(n: number, options: Pick<BenOrOptions, 'f' | 'faults'>, seed: number): number {
  const world = benOrWorld(n, options, seed)
  const liars = options.faults === 'byzantine' ? options.f : 0
  const honest = world.ids.slice(0, n - liars)
  const { enough } = thresholdsOf({ ...defaultBenOrOptions, ...options }, n)
  for (const [i, id] of honest.entries()) world.ask(id, (benOr) => benOr.propose(i % 2 === 0 ? 0 : 1))
  for (let round = 1; ; round++) {
    for (const exchange of ['report', 'proposal'] as const) {
      const votes = honest.map((from) => ({ from, value: saidBy(world, from, exchange, round) }))
      const lie = exchange === 'report' ? other(leader(votes)) : '?'
      for (const from of world.ids.slice(n - liars)) votes.push({ from, value: lie })
      const shown = fewestFirst(votes).slice(0, enough)
      for (const to of honest) show(world, to, exchange, round, shown)
    }
    world.underWay.splice(0, world.underWay.length, ...world.underWay.filter(({ message }) => message.round > round))
    if (world.decided.length > 0) return round - 1
  }
}

/** The closed form of what `roundsAgainstTheWorst` comes to: the coins of all, or of those who do not lie, must agree so much. */
export function expectedRounds(n: number, { f, faults }: Pick<BenOrOptions, 'f' | 'faults'>): number {
  if (faults === 'byzantine') return 2 ** (n - f - 1)
  let ends = 0
  for (let heads = Math.floor(n / 2 + f) + 1; heads <= n; heads++) ends += chosenOf(n, heads)
  return 2 ** n / (2 * ends)
}

function chosenOf(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return ways
}

interface Ballot {
  readonly from: NodeId
  readonly value: Choice
}

function saidBy(world: BenOrWorld, id: NodeId, exchange: Exchange, round: number): Choice {
  return present(world.node(id).state.said[round - 1]?.[exchange], `${id} is in ${exchange} of round ${round}`)
}

function leader(votes: readonly Ballot[]): Bit {
  const ones = votes.filter(({ value }) => value === 1).length
  return ones > votes.filter(({ value }) => value === 0).length ? 1 : 0
}

function other(value: Bit): Bit {
  return value === 0 ? 1 : 0
}

/** What nobody can take over first, the leading value last. */
function fewestFirst(votes: readonly Ballot[]): Ballot[] {
  const leading = leader(votes)
  return votes.toSorted((a, b) => Number(a.value === leading) - Number(b.value === leading))
}

/** Delivers exactly these votes to one participant. The others are late. */
function show(world: BenOrWorld, to: NodeId, type: Exchange, round: number, votes: readonly Ballot[]): void {
  for (const { from, value } of votes) world.ask(to, (benOr) => benOr.receive({ type, round, value }, from))
}

/** What the strong adversary has done by the end of a round, for whoever wants to see it. */
export interface KeptApart {
  readonly round: number
  /** As the first one to toss it has shown. */
  readonly coin: Bit
  /** With what each begins the next round, as far as that is fixed. */
  readonly next: Readonly<Record<NodeId, Bit | undefined>>
}

/**
 * The strong adversary against a common coin without confirmation (Aguilera and Toueg 2012), with n = 3 and f = 1. p1 and p2
 * disagree, propose nothing, and p1 tosses. Only then does p3, which lags behind, come into the round: with the other value, which it
 * could still take over or not, as the coin demands. So p2 takes over the value that the coin is not, and p1 and p2 disagree again. All that p3 holds back is
 * delivered one round later, so that every message arrives.
 */
export function keepApart(seed: number, rounds: number): readonly KeptApart[] {
  const world = benOrWorld(3, { f: 1, coin: { type: 'common', seed, confirmed: false } })
  const [p1 = '', p2 = '', p3 = ''] = world.ids
  const told: KeptApart[] = []
  world.ask(p1, (benOr) => benOr.propose(0))
  world.ask(p2, (benOr) => benOr.propose(1))
  for (let round = 1; round <= rounds; round++) {
    const give = (type: Exchange, from: NodeId, to: NodeId): void => deliver(world, type, round, from, to)
    for (const to of [p1, p2]) for (const from of [p1, p2]) give('report', from, to)
    for (const from of [p1, p2]) give('proposal', from, p1)
    // p1 has tossed: from now on the adversary knows the coin of this round.
    const coin = commonCoin(seed, round)
    const against = other(coin)
    enter(world, p3, round, against)
    const ally = saidBy(world, p1, 'report', round) === against ? p1 : p2
    give('report', p3, p3)
    give('report', ally, p3)
    give('proposal', p3, p2)
    give('proposal', p2, p2)
    // p3 waits between the two votes that would make it take over `against`, or toss: which, the next coin will tell.
    const next = Object.fromEntries(world.ids.map((id) => [id, nextOf(world, id, round)]))
    told.push({ round, coin, next })
    assert(world.decided.length === 0, 'nobody has decided')
  }
  return told
}

/** p3 comes into a round with the value that is wanted: in round 1 it is asked for it, later it sees the votes that lead to it. */
function enter(world: BenOrWorld, p3: NodeId, round: number, value: Bit): void {
  if (round === 1) return world.ask(p3, (benOr) => benOr.propose(value))
  const [p1 = '', p2 = ''] = world.ids
  const before = round - 1
  const isOfTheCoin = present(saidBy(world, p1, 'report', round), 'p1 has tossed') === value
  deliver(world, 'proposal', before, p1, p3)
  deliver(world, 'proposal', before, isOfTheCoin ? p2 : p3, p3)
  // What is late arrives now.
  world.deliverAll((one) => one.message.round < round)
}

function nextOf(world: BenOrWorld, id: NodeId, round: number): Bit | undefined {
  const report = world.node(id).state.said[round]?.report
  return report === '?' ? undefined : report
}

function deliver(world: BenOrWorld, type: Exchange, round: number, from: NodeId, to: NodeId): void {
  const fits = (one: UnderWay<Message>): boolean =>
    one.from === from && one.to === to && one.message.type === type && one.message.round === round
  world.deliver(present(world.underWay.find(fits), `a ${type} of ${from} to ${to} in round ${round} is under way`))
}

/**
 * The strong adversary against a common coin that is confirmed. It begins with a majority for one value, and shows it to as
 * many as must see it, and to no more, so that at the end of each round some take that value over, and the others toss. But
 * when the coin falls the value is fixed, and one time in two the coin is that value. Answers in which round somebody
 * decides, of which the expectation is 3, whatever n.
 */
export function roundsWithConfirmation(n: number, f: number, seed: number): number {
  const world = benOrWorld(n, { f, coin: { type: 'common', seed, confirmed: true } })
  const majority = Math.floor(n / 2) + 1
  for (const [i, id] of world.ids.entries()) world.ask(id, (benOr) => benOr.propose(i < majority ? 1 : 0))
  for (let round = 1; ; round++) {
    for (const [exchange, seeing] of [
      ['report', majority],
      ['proposal', 1],
      ['confirmation', majority],
    ] as const) {
      const votes = world.ids.map((from) => ({ from, value: saidBy(world, from, exchange, round) }))
      const shown = fewestFirst(votes)
      for (const [i, to] of world.ids.entries())
        show(world, to, exchange, round, i < seeing ? shown.slice(f) : shown.slice(0, n - f))
    }
    world.underWay.length = 0
    if (world.decided.length > 0) return round
  }
}
