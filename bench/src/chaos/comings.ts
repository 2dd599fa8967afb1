import { choose, random, type RandomState, seeded } from 'synod'
import type { Place, ServerProcess } from '../cluster.ts'
import { CallFailed } from '../endpoint.ts'
import {
  type MemberAnswer,
  memberAddRequest,
  memberIdRequest,
  memberListRequest,
  paths,
  readMemberAdd,
  readMemberList,
} from '../etcd-api.ts'
import type { Network } from './proxy.ts'
import type { Roster } from './roster.ts'

const callTimeoutMs = 3000
/** An operator tries so long, while everything is being broken. */
const patienceMs = 30_000
const restsMs = { least: 1000, most: 6000 }

const kinds = ['a voter joins', 'a voter joins', 'a learner joins', 'a member goes', 'a dead one is replaced'] as const
type Kind = (typeof kinds)[number]

const leastMembers = 3
const mostMembers = 5

/** What the comings and goings touch. */
export interface Stage {
  readonly roster: Roster
  readonly network: Network
  log(line: string): void
}

/** A third hand: an operator who adds, promotes, removes and replaces members while the other two break things. */
export class Comings {
  /** How often each kind came about. */
  readonly counts = new Map<string, number>()
  private readonly stage: Stage
  private readonly dice: RandomState
  private stopped = false
  private wake: () => void = () => {}
  private readonly stopping: Promise<void>
  private running: Promise<unknown> = Promise.resolve()

  constructor(stage: Stage, seed: number) {
    this.stage = stage
    this.dice = seeded(seed + 2)
    this.stopping = new Promise((resolve) => (this.wake = resolve))
  }

  start(): void {
    this.running = this.hand()
  }

  /** What is under way is given up: `settle` makes good what it left behind. */
  async stop(): Promise<void> {
    this.stopped = true
    this.wake()
    await this.running
  }

  private async hand(): Promise<void> {
    while (!this.stopped) {
      await this.sleep(restsMs.least + (restsMs.most - restsMs.least) * random(this.dice) ** 2)
      const kind = kinds[choose(this.dice, kinds.length)] ?? 'a voter joins'
      if (!this.stopped && (await this.bringAbout(kind))) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    }
  }

  private async bringAbout(kind: Kind): Promise<boolean> {
    const { members } = this.stage.roster
    const someone = members[choose(this.dice, members.length)]
    switch (kind) {
      case 'a voter joins':
      case 'a learner joins':
        if (members.length >= mostMembers) return false
        return this.add(kind === 'a learner joins')
      case 'a member goes':
        if (members.length <= leastMembers || someone === undefined) return false
        return this.remove(someone)
      case 'a dead one is replaced':
        if (someone === undefined) return false
        await someone.kill()
        return (await this.remove(someone)) && this.add(false)
    }
  }

  /** Added, started, and, if it is a learner, promoted once it has caught up. */
  private async add(isLearner: boolean): Promise<boolean> {
    const { roster, network } = this.stage
    const place = await roster.place()
    const id = await this.added(place, isLearner)
    if (id === undefined) return false
    this.stage.log(`${place.name} ${isLearner ? 'is a new learner' : 'is new'}`)
    network.introduce(hexadecimal(id), place.name)
    roster.join(place)
    if (!isLearner) return true
    const promoted = await this.until(async () => this.accepted(paths.memberPromote, memberIdRequest(id)))
    if (promoted) this.stage.log(`${place.name} was promoted`)
    return promoted
  }

  /** Its id, if it is a member now. An answer that got lost is looked for in the list. */
  private async added(place: Place, isLearner: boolean): Promise<bigint | undefined> {
    const request = memberAddRequest(urlOf(place), isLearner)
    let id: bigint | undefined
    await this.until(async () => {
      const answer = await this.call(paths.memberAdd, request)
      id = answer === undefined ? idAt(await this.list(), place) : readMemberAdd(answer)
      return id !== undefined
    })
    return id
  }

  private async remove(member: ServerProcess): Promise<boolean> {
    const { roster } = this.stage
    roster.mayGo(member)
    const gone = await this.until(async () => {
      const list = await this.list()
      const id = list === undefined ? undefined : idAt(list, member.place)
      if (list !== undefined && id === undefined) return true
      return id !== undefined && this.accepted(paths.memberRemove, memberIdRequest(id))
    })
    if (!gone) return false
    this.stage.log(`${member.name} was removed`)
    roster.leave(member)
    return true
  }

  /** After everything is mended: whoever is no member is forgotten, and whoever does not vote yet votes, or goes. */
  async settle(): Promise<void> {
    const { roster } = this.stage
    this.stopped = false
    const whole = await this.until(async () => {
      const list = await this.list()
      if (list === undefined) return false
      for (const member of roster.members.filter(({ place }) => idAt(list, place) === undefined)) {
        this.stage.log(`${member.name} turns out to be removed`)
        roster.mayGo(member)
        roster.leave(member)
      }
      const runs = (one: MemberAnswer): boolean =>
        roster.members.some(({ place }) => one.peerUrls.includes(urlOf(place)))
      for (const { id } of list.filter((one) => !runs(one))) await this.call(paths.memberRemove, memberIdRequest(id))
      for (const { id } of list.filter((one) => runs(one) && one.isLearner)) {
        await this.call(paths.memberPromote, memberIdRequest(id))
      }
      return list.every((one) => runs(one) && !one.isLearner)
    })
    this.stopped = true
    if (!whole) throw new Error('a whole cluster does not settle on its members')
  }

  private async list(): Promise<readonly MemberAnswer[] | undefined> {
    const answer = await this.call(paths.memberList, memberListRequest())
    return answer === undefined ? undefined : readMemberList(answer)
  }

  private async accepted(path: string, request: Uint8Array): Promise<boolean> {
    return (await this.call(path, request)) !== undefined
  }

  /** Of some member; undefined: no answer, or a refusal. */
  private async call(path: string, request: Uint8Array): Promise<Uint8Array | undefined> {
    const running = this.stage.roster.members.filter((member) => member.running)
    const member = running[choose(this.dice, Math.max(1, running.length))]
    try {
      return await member?.endpoint.call(path, request, callTimeoutMs)
    } catch (error) {
      // that members are down, cut off or without a leader is what this run is made of
      if (error instanceof CallFailed) return undefined
      throw error
    }
  }

  private async until(holds: () => Promise<boolean>): Promise<boolean> {
    const last = performance.now() + patienceMs
    while (!this.stopped && performance.now() < last) {
      if (await holds()) return true
      await this.sleep(300)
    }
    return false
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const rest = new Promise((resolve) => (timer = setTimeout(resolve, ms)))
    await (this.stopped ? rest : Promise.race([this.stopping, rest]))
    clearTimeout(timer)
  }
}

function urlOf({ knownPeerPort }: Place): string {
  return `http://127.0.0.1:${knownPeerPort}`
}

function idAt(list: readonly MemberAnswer[] | undefined, place: Place): bigint | undefined {
  return list?.find(({ peerUrls }) => peerUrls.includes(urlOf(place)))?.id
}

function hexadecimal(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}
