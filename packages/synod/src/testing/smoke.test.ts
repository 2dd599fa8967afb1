import { it, expect } from 'vitest'
import { RaftWorld, TallyMachine, tallyOperation, type TallyContext } from './index.ts'
it('a cluster elects and applies', () => {
  const world = new RaftWorld<TallyContext>({ seed: 1, nodes: ['a','b','c'], machine: () => new TallyMachine(), log: (id, level, m, f) => { if (level !== 'debug') console.log(id, level, m, f ?? '') } })
  for (const id of ['a','b','c']) world.start(id)
  expect(world.run(5000, () => world.leader() !== undefined)).toBe(true)
  console.log('leader', world.leader(), world.now)
  let acked = 0
  const errors: unknown[] = []
  const next = (i: number) => {
    if (i > 200) return
    world.member(['a','b','c'][i % 3]!)!.submit(tallyOperation(i), { applied: () => { acked++; next(i + 1) }, readable: () => {}, failed: (e) => { errors.push(e) } })
  }
  next(1)
  world.run(20000, () => acked === 200 || errors.length > 0)
  console.log(acked, errors, world.now, [...world.nodes.values()].map((n) => [n.operations, n.halted, n.member?.phase, n.member?.standing]))
  let read: readonly number[] = []
  world.member('b')!.read({ applied: () => {}, readable: (x) => { read = x }, failed: (e) => errors.push(e) })
  world.run(1000, () => read.length > 0)
  console.log(read.length, errors)
})
