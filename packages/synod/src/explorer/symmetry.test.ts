import { describe, expect, test } from 'vitest'
import { encode } from './encoding.ts'
import type { Change, ModelState } from './model.ts'
import { ModelSpace } from './model-space.ts'
import { lamportVoting } from './models/lamport-voting.ts'
import { twoPhaseCommit } from './models/two-phase-commit.ts'
import { search } from './search/search.ts'
import { permutations } from './symmetry.ts'

// Goal: what differs by names alone is one state, whatever the order in which states are found (trap 1 of
// simulation-anchors, 3a). Method: the same orbits by breadth and by depth, and as many as counted without the explorer;
// and what comes of a representative that sorts by one field only, as a published checker had it.

type World = ModelState<Manager, Transaction, Message>
type Manager = 'working' | 'prepared' | 'committed' | 'aborted'
interface Transaction {
  readonly state: string
  readonly prepared: readonly number[]
}
type Message = { readonly type: string; readonly manager?: number }

test('permutations are all orders, the identity first', () => {
  expect(permutations(3)[0]).toEqual([0, 1, 2])
  expect(new Set(permutations(4).map(String)).size).toBe(24)
})

describe('two-phase commit', () => {
  test.each([
    [1, 12],
    [2, 34],
    [3, 80],
    [4, 166],
    [5, 314],
  ])('of %i managers has %i orbits, by breadth and by depth', (managers, orbits) => {
    for (const order of ['breadth', 'depth'] as const) {
      const report = search(new ModelSpace(twoPhaseCommit(managers, true)), { order, stop: 'never' })
      expect(report.states, order).toBe(orbits)
    }
  })

  test('orbits are as many as the whole graph has, counted one by one', () => {
    const orbits = new Set<string>()
    walk(4, 'breadth', (world) => void orbits.add(least(world)), encode)
    expect(orbits.size).toBe(166)
  })

  test('sorted by one field only it has 665 or 508 states, by the order of the search', () => {
    let states = 0
    walk(
      5,
      'depth',
      () => states++,
      (world) => encode(sortedByState(world)),
    )
    expect(states).toBe(665)
    states = 0
    walk(
      5,
      'breadth',
      () => states++,
      (world) => encode(sortedByState(world)),
    )
    expect(states).toBe(508)
  })
})

test('voting has the same orbits by depth', () => {
  const model = lamportVoting({ acceptors: 3, values: 2, maxBallot: 1, symmetric: true })
  expect(search(new ModelSpace(model), { order: 'depth', stop: 'never' }).states).toBe(77)
})

/** A search in which two states with the same key are one, and the one that was found first goes on as it is. */
function walk(
  managers: number,
  order: 'breadth' | 'depth',
  visit: (world: World) => void,
  key: (world: World) => string,
): void {
  const model = twoPhaseCommit(managers)
  const pending: World[] = [...model.initial]
  const known = new Set(pending.map(key))
  for (;;) {
    const world = order === 'breadth' ? pending.shift() : pending.pop()
    if (world === undefined) return
    visit(world)
    model.actions(world as (typeof model.initial)[number], (_, change) => {
      const next = changed(world, change)
      if (known.has(key(next))) return
      known.add(key(next))
      pending.push(next)
    })
  }
}

function changed(world: World, { process, shared, sends = [] }: Change<Manager, Transaction, Message>): World {
  const processes = world.processes.map((state, i) => (i === process?.[0] ? process[1] : state))
  const messages = new Map([...world.messages, ...sends].map((message) => [encode(message), message]))
  const sorted = [...messages.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { processes, shared: shared ?? world.shared, messages: sorted.map(([, message]) => message) }
}

/** Where each manager goes. */
function renamed(world: World, order: readonly number[]): World {
  const to = (manager: number): number => order[manager] ?? manager
  const processes = world.processes.map((_, i) => world.processes[order.indexOf(i)] ?? 'working')
  const prepared = world.shared.prepared.map(to).toSorted((a, b) => a - b)
  const messages = world.messages.map((message) =>
    message.manager === undefined ? message : { ...message, manager: to(message.manager) },
  )
  return changed({ processes, shared: { ...world.shared, prepared }, messages }, {})
}

function least(world: World): string {
  const all = permutations(world.processes.length).map((order) => encode(renamed(world, order)))
  return all.toSorted()[0] ?? ''
}

const ranks: readonly Manager[] = ['working', 'prepared', 'committed', 'aborted']

function sortedByState(world: World): World {
  const ids = [...world.processes.keys()]
  const rank = (i: number): number => ranks.indexOf(world.processes[i] ?? 'working')
  const sorted = ids.toSorted((a, b) => rank(a) - rank(b))
  return renamed(
    world,
    ids.map((i) => sorted.indexOf(i)),
  )
}
