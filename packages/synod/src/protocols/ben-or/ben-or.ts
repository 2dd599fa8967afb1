import {
  assert,
  crc32,
  encodeUtf8,
  type Command,
  type Decides,
  type Environment,
  type NodeId,
} from '../../core/index.ts'
import type { Protocol } from '../../core/index.ts'
import type { Bit, Choice, Decided, Durable, Exchange, Message, Missing, Vote } from './messages.ts'
import { exchanges } from './messages.ts'
import { commonCoin, thresholdsOf, type BenOrOptions, type Thresholds } from './options.ts'
import { fold, heardOf, initialState, votesOf, type BenOrState } from './state.ts'

/** What Ben-Or's algorithm asks of the world. */
export type BenOrEnvironment = Environment<Message, Durable> & Decides

/** So many rounds ahead votes are kept: a liar cannot fill the memory, and who is so far behind asks for them again. */
const horizon = 64

/** One participant. */
export class BenOr implements Protocol<BenOrState, Message, Durable> {
  state: BenOrState = initialState()
  private readonly env: BenOrEnvironment
  private readonly nodes: readonly NodeId[]
  private readonly options: BenOrOptions
  private readonly thresholds: Thresholds

  /** `nodes`: all who take part, this one among them. */
  constructor(env: BenOrEnvironment, nodes: readonly NodeId[], options: BenOrOptions) {
    this.env = env
    this.nodes = nodes
    this.options = options
    this.thresholds = thresholdsOf(options, nodes.length)
  }

  restore(record: Durable): void {
    fold(this.state, record)
  }

  start(): void {
    const { decided, round } = this.state
    if (decided !== undefined) this.env.decide(1, decided.round, commandOf(decided.value))
    else if (round > 0) this.askAgain()
  }

  /** Its value in round 1. The first one counts. */
  propose(value: Bit): void {
    if (this.state.round > 0 || this.state.decided !== undefined) return
    this.vote('report', 1, value)
    this.goOn()
  }

  receive(message: Message, from: NodeId): void {
    switch (message.type) {
      case 'missing':
        return this.repeat(message, from)
      case 'decided':
        return this.onDecided(message, from)
      case 'report':
      case 'proposal':
      case 'confirmation':
        return this.onVote(message, from)
    }
  }

  /** Something was lost: it asks for all of this round. */
  timeout(): void {
    if (this.state.decided === undefined) this.askAgain()
  }

  /** A vote of a later round is kept until then; of one participant there is one a round and exchange. */
  private onVote({ type, round, value }: Vote, from: NodeId): void {
    const { state } = this
    if (state.decided !== undefined || round < state.round || round > state.round + horizon) return
    const votes = heardOf(state, round)[type]
    if (from in votes) return
    votes[from] = value
    this.goOn()
  }

  /** One word is enough where nobody lies; otherwise that of one who certainly does not. */
  private onDecided(message: Decided, from: NodeId): void {
    const { state, options } = this
    if (state.decided !== undefined || from in state.deciders) return
    state.deciders[from] = message
    const same = Object.values(state.deciders).filter(({ value }) => value === message.value)
    const needed = options.faults === 'crash' ? 1 : options.f + 1
    // The latest of their rounds: what holds after all of these holds after that of the one who does not lie.
    if (same.length >= needed) this.decide(Math.max(...same.map(({ round }) => round)), message.value)
    else this.goOn()
  }

  /** As long as there are enough votes: those of later rounds may have come before. */
  private goOn(): void {
    const { state, thresholds } = this
    while (state.round > 0 && state.decided === undefined) {
      const votes = votesOf(state, state.waitsFor)
      if (votes.length < thresholds.enough) return
      this.conclude(state.waitsFor, votes)
    }
  }

  private conclude(exchange: Exchange, votes: readonly Choice[]): void {
    const next = exchanges[exchanges.indexOf(exchange) + 1]
    if (next === undefined || (next === 'confirmation' && !this.confirms)) return this.endRound(votes)
    const seen = leading(votes)
    this.vote(next, this.state.round, seen.count >= this.thresholds.majority ? seen.value : '?')
  }

  /** Enough for a value: decided. Some: it is the only one that anybody can have decided. None: a coin. */
  private endRound(votes: readonly Choice[]): void {
    const { state, thresholds } = this
    const { value, count } = leading(votes)
    if (count >= thresholds.decide) return this.decide(state.round, value)
    // Only now, when the votes are in: whoever knew the coin before could choose them by it.
    const next = count >= thresholds.adopt ? value : this.toss()
    this.vote('report', state.round + 1, next)
    state.heard = state.heard.filter(({ round }) => round >= state.round)
  }

  private toss(): Bit {
    const { coin } = this.options
    if (coin.type === 'common') return commonCoin(coin.seed, this.state.round)
    return this.env.choose(2) === 0 ? 0 : 1
  }

  /** Durable before anybody hears of it. Votes for oneself come back like those of the others. */
  private vote(type: Exchange, round: number, value: Choice): void {
    const { state, env } = this
    assert(state.said[round - 1]?.[type] === undefined, 'one vote a round and exchange')
    const vote: Vote = { type, round, value }
    fold(state, vote)
    env.persist(vote)
    for (const id of this.nodes) env.send(id, vote)
    env.setTimer('repeat', this.options.repeat, 2 * this.options.repeat)
  }

  /** Whoever decided stops, and leaves its word to the others: without it they could wait for its votes for ever. */
  private decide(round: number, value: Bit): void {
    const { state, env } = this
    const decided: Decided = { type: 'decided', round, value }
    fold(state, decided)
    env.persist(decided)
    state.heard = []
    state.deciders = {}
    env.clearTimer('repeat')
    for (const id of this.nodes) if (id !== env.self) env.send(id, decided)
    env.decide(1, round, commandOf(value))
  }

  private askAgain(): void {
    const { state, env, options } = this
    for (const id of this.nodes) env.sendAhead(id, { type: 'missing', round: state.round })
    env.setTimer('repeat', options.repeat, 2 * options.repeat)
  }

  private repeat({ round }: Missing, to: NodeId): void {
    const { said, decided } = this.state
    for (const type of exchanges) {
      const value = said[round - 1]?.[type]
      if (value !== undefined) this.env.send(to, { type, round, value })
    }
    if (decided !== undefined) this.env.send(to, decided)
  }

  private get confirms(): boolean {
    const { coin } = this.options
    return coin.type === 'common' && coin.confirmed
  }
}

/** The value with the most votes, and how many they are. */
function leading(votes: readonly Choice[]): { readonly value: Bit; readonly count: number } {
  const ones = votes.filter((vote) => vote === 1).length
  const zeros = votes.filter((vote) => vote === 0).length
  return ones > zeros ? { value: 1, count: ones } : { value: 0, count: zeros }
}

function commandOf(value: Bit): Command {
  const bytes = encodeUtf8(String(value))
  return { origin: '', sequence: 0, checksum: crc32(bytes), bytes }
}
