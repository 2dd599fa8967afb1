import { assert, choose, present, seeded, type NodeId, type RandomState } from '../../core/index.ts'
import { decides, type FlpSpace } from './flp-model.ts'

/** A configuration, as FLP calls it: all states, and what is under way. */
export type Configuration = Int32Array

/** What happens next, and what it leads to. */
export interface Next {
  readonly event: number
  readonly leads: Configuration
}

/** Schedules from one configuration that end in a decision, one for each value for which one was found. */
export interface Valence {
  readonly '0'?: readonly number[]
  readonly '1'?: readonly number[]
}

/** How many schedules are tried before a configuration is taken for univalent. */
const tries = 18
/** Of one schedule. */
const stepsMax = 60

/**
 * What may still be decided. That a configuration is bivalent is shown, by two schedules from it that decide differently, in
 * each of which at most one participant takes no steps. That it is not is only that none was found.
 */
export class Valences {
  readonly space: FlpSpace
  private readonly nodes: readonly NodeId[]
  private readonly bits: readonly [number, number]

  constructor(space: FlpSpace) {
    this.space = space
    this.nodes = space.nodes
    const bit = (name: string): number => 1 << space.properties.findIndex((property) => property.name === name)
    this.bits = [bit(decides['0']), bit(decides['1'])]
  }

  initial(): Configuration {
    let start: Configuration | undefined
    this.space.starts((state) => void (start ??= state.slice()))
    return present(start, 'a space has an initial state')
  }

  successors(from: Configuration): Next[] {
    const all: Next[] = []
    const wide = new Int32Array(Math.max(this.space.width, from.length))
    wide.set(from)
    this.space.successors(wide, (next, event) => void all.push({ event, leads: next.slice() }))
    return all
  }

  apply(from: Configuration, event: number): Configuration | undefined {
    return this.successors(from).find((next) => next.event === event)?.leads
  }

  decided(configuration: Configuration): '0' | '1' | undefined {
    const bits = this.space.judge(configuration, this.bits[0] | this.bits[1])
    if (bits === 0) return undefined
    return (bits & this.bits[0]) === 0 ? '1' : '0'
  }

  of(from: Configuration): Valence {
    const found: { '0'?: readonly number[]; '1'?: readonly number[] } = {}
    for (let seed = 0; seed < tries; seed++) {
      const schedule = this.probe(from, seed)
      if (schedule !== undefined) found[schedule.value] ??= schedule.events
      if (isBivalent(found)) break
    }
    return found
  }

  /**
   * A schedule that hurries to a decision: one participant is favoured and another one has crashed, as the seed says. The
   * favourite's timer fires first, so that its ballot is the highest; then messages to and from it go before all others.
   */
  private probe(from: Configuration, seed: number): { value: '0' | '1'; events: number[] } | undefined {
    const { nodes } = this
    const favourite = nodes[seed % nodes.length] ?? ''
    const crashed = [...nodes.filter((id) => id !== favourite), undefined][
      Math.floor(seed / nodes.length) % nodes.length
    ]
    const stream = seeded(seed)
    const events: number[] = []
    let now = from
    for (let step = 0; step < stepsMax; step++) {
      const value = this.decided(now)
      if (value !== undefined) return { value, events }
      const possible = this.successors(now).filter(({ event }) => this.space.actor(event) !== crashed)
      const next = this.choose(possible, favourite, step === 0, stream)
      if (next === undefined) return undefined
      events.push(next.event)
      now = next.leads
    }
    return undefined
  }

  private choose(
    possible: readonly Next[],
    favourite: NodeId,
    isFirst: boolean,
    stream: RandomState,
  ): Next | undefined {
    const isTimer = ({ event }: Next): boolean => !isDelivery(event)
    const isOwn = ({ event }: Next): boolean => this.space.eventText(event).includes(`"id":"${favourite}"`)
    const timer = possible.find((next) => isTimer(next) && this.space.actor(next.event) === favourite)
    if (isFirst && timer !== undefined) return timer
    const messages = possible.filter((next) => !isTimer(next))
    const own = messages.filter(isOwn)
    // The newest first: an answer to the ballot that is under way, and not to an older one.
    if (own.length > 0) return own[own.length - 1 - choose(stream, Math.min(3, own.length))]
    if (timer !== undefined) return timer
    return messages[choose(stream, messages.length)]
  }
}

/** Events are numbered as `ActorSpace` says. */
export function isDelivery(event: number): boolean {
  return (event & 3) === 0
}

export function isBivalent(valence: Valence): boolean {
  return valence['0'] !== undefined && valence['1'] !== undefined
}

/** In words. */
export function valenceText(valence: Valence): string {
  if (isBivalent(valence)) return 'bivalent'
  assert(valence['0'] !== undefined || valence['1'] !== undefined, 'some schedule decides')
  return valence['0'] === undefined ? '1-valent' : '0-valent'
}
