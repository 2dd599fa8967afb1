import { isJoint, Rejected, type Failure, type MembershipChange, type Milliseconds } from 'synod'
import { names } from './cost.ts'
import { measuredWorld, type EngineName } from './measured-world.ts'

/** A learner that has caught up takes a voter's place, in one change, while clients ask. */
export const changeCases = ['a follower', 'the leader'] as const
export type ChangeCase = (typeof changeCases)[number]

export interface Change {
  /** Until the administrator was answered, and until the old members were needed no more. */
  readonly answered: Milliseconds
  readonly over: Milliseconds
  /** The longest time without an answered put, from the question to one second after all was over. */
  readonly without: Milliseconds
  /** Until all was over, beyond what the clients' own puts take in as long. */
  readonly frames: number
}

const patience = 60_000
const newcomer = 'new'
const client = { size: 256, pause: 10 }

export function measureChange(engine: EngineName, of: ChangeCase, seed: number): Change {
  const nodes = names(3)
  const world = measuredWorld(engine, { seed, nodes })
  const leader = world.begin()
  const leaving = of === 'the leader' ? leader : (nodes.find((id) => id !== leader) ?? leader)
  const change = (changes: readonly MembershipChange[], done: () => void): void =>
    world.act(leader, () =>
      world.member(leader)?.change(changes, (outcome) => {
        if ('membership' in outcome) done()
        else if (isTooEarly(outcome)) world.schedule.after(1, () => change(changes, done))
        else throw new Error(`seed ${seed}: ${outcome.message}`)
      }),
    )
  world.add(newcomer)
  world.start(newcomer)
  let joined = false
  change([{ type: 'addLearner', id: newcomer, contact: '' }], () => (joined = true))
  const applied = (id: string): number => world.member(id)?.applied ?? 0
  if (!world.run(patience, () => joined && applied(newcomer) >= applied(leader)))
    throw new Error(`seed ${seed}: the learner did not join`)
  let longest: Milliseconds = 0
  let last: Milliseconds | undefined
  world.clients([...nodes.filter((id) => id !== leaving), newcomer], client, () => {
    if (last === undefined) return
    longest = Math.max(longest, world.now - last)
    last = world.now
  })
  world.run(1000)
  world.taken()
  world.run(1000)
  const usual = world.taken().frames / 1000
  const began = world.now
  last = began
  let answered: Milliseconds | undefined
  change(
    [
      { type: 'promote', id: newcomer },
      { type: 'remove', id: leaving },
    ],
    () => (answered = world.now - began),
  )
  const isOver = (): boolean => {
    const { membership, committedMembership } = world.member(newcomer)?.standing ?? {}
    if (answered === undefined || membership === undefined || committedMembership === undefined) return false
    const { voters } = committedMembership
    return voters.includes(newcomer) && !voters.includes(leaving) && !isJoint(membership)
  }
  if (!world.run(patience, isOver)) throw new Error(`seed ${seed}: the change is not over`)
  const over = world.now - began
  const { frames } = world.taken()
  world.run(1000)
  return { answered: answered ?? NaN, over, without: longest, frames: frames - usual * over }
}

/** The leader has not heard yet that the learner has what was decided at the last heartbeat: whoever asks, asks again. */
function isTooEarly(outcome: Failure): boolean {
  return outcome instanceof Rejected && outcome.detail.code === 'not-caught-up'
}
