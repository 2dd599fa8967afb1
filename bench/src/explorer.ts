import { cpus } from 'node:os'
import { catalogue, search, type Chosen, type Explorable } from 'synod/explorer'
import { explorableRaft } from 'synod/testing'

// How fast the explorer is, on one core: distinct states a second of processor time, which other processes on the machine
// do not change much, and of the clock. Each row is the best of some searches in one process, after one that warms up.

const rounds = 3

interface Row {
  readonly states: number
  readonly complete: boolean
  readonly seconds: number
  readonly processor: number
  readonly statistics: Readonly<Record<string, number>>
}

function measure(model: Explorable, chosen: Chosen, maxStates: number): Row {
  const space = model.space(chosen)
  const [began, used] = [performance.now(), process.cpuUsage()]
  const { states, complete } = search(space, { stop: 'never', maxStates })
  const { user, system } = process.cpuUsage(used)
  const statistics = space.statistics()
  return { states, complete, seconds: (performance.now() - began) / 1e3, processor: (user + system) / 1e6, statistics }
}

function best(model: Explorable, chosen: Chosen, maxStates = Infinity): Row {
  measure(model, chosen, 100_000)
  const rows = Array.from({ length: rounds }, () => measure(model, chosen, maxStates))
  return rows.reduce((fast, row) => (row.processor < fast.processor ? row : fast))
}

function print(name: string, { states, complete, seconds, processor, statistics }: Row): void {
  const { 'handler runs': runs = 0, transitions = 1 } = statistics
  const hits = (100 * (1 - runs / transitions)).toFixed(3)
  const rate = (time: number): string => Math.round(states / time).toLocaleString('en')
  const all = complete ? 'all' : 'the first'
  console.log(
    `| ${name} | ${all} ${states} | ${rate(seconds)} | ${rate(processor)} | ${transitions} | ${runs} | ${hits} % |`,
  )
}

function named(name: string): Explorable {
  const found = [explorableRaft, ...catalogue].find((model) => model.name === name)
  if (found === undefined) throw new Error(`there is no model ${name}`)
  return found
}

export function main(): void {
  console.log(`> ${cpus()[0]?.model ?? 'unknown'}, one core; Node ${process.versions.node}\n`)
  console.log('| model | states | a second | a second of processor time | look-ups | handler runs | hits |')
  console.log('| --- | --- | --- | --- | --- | --- | --- |')
  print('paxos-register --clients 3', best(named('paxos-register'), { clients: 3, servers: 3 }))
  print(
    'abd-register --clients 2 --servers 3 --ordered 1',
    best(named('abd-register'), { clients: 2, servers: 3, ordered: 1 }),
  )
  print('raft, 1 term, 1 proposal, 1 crash', best(explorableRaft, { elections: 15, crashes: 1 }))
  print('raft, 2 terms, 1 proposal, 1 crash', best(explorableRaft, { terms: 2, elections: 15, crashes: 1 }, 2_000_000))
}
