import { choose, random, type RandomState, seeded } from 'synod'
import type { ServerProcess } from '../cluster.ts'
import type { Meter } from './meter.ts'
import type { Observer } from './observer.ts'
import type { Network } from './proxy.ts'

/** What faults may touch. */
export interface Victims {
  readonly members: readonly ServerProcess[]
  readonly network: Network
  readonly observer: Observer
  readonly meter: Meter
  /** Peers can only be told apart by a proxy that understands their greeting. */
  readonly partitions: boolean
  log(line: string): void
}

const processFaults = [
  'kill the leader',
  'kill the leader',
  'kill a follower',
  'kill all',
  'kill again and again',
  'freeze the leader',
  'freeze a follower',
  'freeze all',
] as const

const networkFaults = [
  'isolate the leader',
  'isolate a follower',
  'cut one link',
  'cut one direction',
  'leader hears nobody',
  'nobody hears the leader',
  'delay one link',
  'delay all links',
  'reset all connections',
] as const

type ProcessFault = (typeof processFaults)[number]
type NetworkFault = (typeof networkFaults)[number]

/** How long a fault lasts, and how long until the next one of its kind, in milliseconds. */
const lastsMs = { least: 300, most: 6000 }
const restsMs = { least: 500, most: 5000 }

/**
 * Two hands break things at the same time: one kills and freezes processes, the other cuts and slows the network. A
 * killed leader sometimes gets the stage for itself, so that the time without service after its death can be measured.
 */
export class Faults {
  /** How often each kind was done. */
  readonly counts = new Map<string, number>()
  private readonly victims: Victims
  private readonly dice: RandomState
  private readonly networkDice: RandomState
  private stopped = false
  private wake: () => void = () => {}
  private readonly stopping: Promise<void>
  private running: Promise<unknown> = Promise.resolve()
  private networkBroken = false
  private stageTaken = false

  constructor(victims: Victims, seed: number) {
    this.victims = victims
    this.dice = seeded(seed)
    this.networkDice = seeded(seed + 1)
    this.stopping = new Promise((resolve) => (this.wake = resolve))
  }

  start(): void {
    const hands = [this.processHand()]
    if (this.victims.partitions) hands.push(this.networkHand())
    this.running = Promise.all(hands)
  }

  /** Mends everything and leaves all members running. */
  async stop(): Promise<void> {
    this.stopped = true
    this.wake()
    await this.running
    this.victims.network.heal()
    for (const member of this.victims.members) {
      member.thaw()
      if (!member.running) member.start()
    }
  }

  private async processHand(): Promise<void> {
    for (;;) {
      await this.sleep(between(this.dice, restsMs))
      if (this.stopped) return
      const kind = processFaults[choose(this.dice, processFaults.length)] ?? 'kill the leader'
      this.note(kind)
      await this.processFault(kind)
    }
  }

  private async networkHand(): Promise<void> {
    for (;;) {
      await this.sleep(between(this.networkDice, restsMs))
      if (this.stopped) return
      if (this.stageTaken) continue
      const kind = networkFaults[choose(this.networkDice, networkFaults.length)] ?? 'cut one link'
      this.note(kind)
      this.networkBroken = true
      this.networkFault(kind)
      await this.sleep(between(this.networkDice, lastsMs))
      this.victims.network.heal()
      this.networkBroken = false
    }
  }

  private async processFault(kind: ProcessFault): Promise<void> {
    const { members } = this.victims
    const lasts = between(this.dice, lastsMs)
    switch (kind) {
      case 'kill the leader':
        return this.killLeader(lasts)
      case 'kill a follower':
        return this.kill([this.follower(this.dice)], lasts)
      case 'kill all':
        return this.kill([...members], lasts / 4)
      case 'kill again and again': {
        // also while it recovers from the last time
        const victim = members[choose(this.dice, members.length)]
        if (victim === undefined) return
        for (let i = 0; i < 4; i++) await this.kill([victim], random(this.dice) * 400, random(this.dice) * 1500)
        return
      }
      case 'freeze the leader':
        return this.freeze([this.leader(this.dice)], lasts)
      case 'freeze a follower':
        return this.freeze([this.follower(this.dice)], lasts)
      case 'freeze all':
        return this.freeze([...members], lasts / 4)
    }
  }

  private networkFault(kind: NetworkFault): void {
    const { members, network } = this.victims
    const dice = this.networkDice
    const leader = this.leader(dice).name
    const from = members[choose(dice, members.length)]?.name ?? leader
    const others = (one: string): string[] => members.map(({ name }) => name).filter((name) => name !== one)
    const to = others(from)[choose(dice, members.length - 1)] ?? leader
    const delayMs = 5 + choose(dice, 200)
    const each = (pairs: readonly (readonly [string, string])[], act: (a: string, b: string) => void): void => {
      for (const [a, b] of pairs) act(a, b)
    }
    const cut = (a: string, b: string): void => network.cut(a, b)
    const out = (one: string): [string, string][] => others(one).map((other) => [one, other])
    const into = (one: string): [string, string][] => others(one).map((other) => [other, one])
    switch (kind) {
      case 'isolate the leader':
        return each([...out(leader), ...into(leader)], cut)
      case 'isolate a follower': {
        const follower = this.follower(dice).name
        return each([...out(follower), ...into(follower)], cut)
      }
      case 'cut one link':
        return each(
          [
            [from, to],
            [to, from],
          ],
          cut,
        )
      case 'cut one direction':
        return cut(from, to)
      case 'leader hears nobody':
        return each(into(leader), cut)
      case 'nobody hears the leader':
        return each(out(leader), cut)
      case 'delay one link':
        return each(
          [
            [from, to],
            [to, from],
          ],
          (a, b) => network.delay(a, b, delayMs),
        )
      case 'delay all links':
        return each(
          members.flatMap(({ name }) => out(name)),
          (a, b) => network.delay(a, b, delayMs),
        )
      case 'reset all connections':
        return network.reset()
    }
  }

  /** Nothing else is broken from a moment before its death until somebody is served again. */
  private async killLeader(downMs: number): Promise<void> {
    const { meter } = this.victims
    this.stageTaken = true
    while (this.networkBroken && !this.stopped) await this.sleep(50)
    // time for those who were cut off to come back and follow
    await this.sleep(2500)
    const leader = this.leader(this.dice)
    const served = this.stopped ? Promise.resolve(true) : meter.leaderDies(20_000)
    const dead = this.kill([leader], downMs)
    if (!(await served)) this.victims.log('nothing was served for 20 s after the death of the leader')
    this.stageTaken = false
    await dead
  }

  private async kill(victims: readonly ServerProcess[], downMs: number, thenMs = 0): Promise<void> {
    await Promise.all(victims.map((victim) => victim.kill()))
    await this.sleep(downMs)
    // who was removed meanwhile stays away, and who is being replaced is dead for good
    for (const victim of victims) if (this.victims.members.includes(victim) && !victim.running) victim.start()
    await this.sleep(thenMs)
  }

  private async freeze(victims: readonly ServerProcess[], frozenMs: number): Promise<void> {
    for (const victim of victims) victim.freeze()
    await this.sleep(frozenMs)
    for (const victim of victims) victim.thaw()
  }

  private leader(dice: RandomState): ServerProcess {
    const { members, observer } = this.victims
    const chosen = observer.leader ?? members[choose(dice, members.length)]
    if (chosen === undefined) throw new Error('a cluster has members')
    return chosen
  }

  private follower(dice: RandomState): ServerProcess {
    const leader = this.leader(dice)
    const followers = this.victims.members.filter((member) => member !== leader)
    return followers[choose(dice, followers.length)] ?? leader
  }

  private note(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.victims.log(kind)
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.stopping, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
    clearTimeout(timer)
  }
}

function between(dice: RandomState, { least, most }: { readonly least: number; readonly most: number }): number {
  return least + (most - least) * random(dice) ** 2
}
