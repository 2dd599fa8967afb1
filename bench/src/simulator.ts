import { cpus, release } from 'node:os'
import { drawPlan, simulate, type Plan } from 'synod/simulator'
import { raftSubject } from 'synod/testing'

// How fast the simulator is on one core, every invariant asserted after every event: `npm run bench -- simulator`. Counted is
// the processor time of the whole process, so that helpers on other cores are no advantage. Best of six rounds: the first
// ones are still being compiled, as a campaign of hours is not, and whatever else the machine does makes a round slower.

const rounds = 6
const hour = 3_600_000

/** What is simulated in each round, and how many simulated hours a second it is meant to reach. */
interface Load {
  readonly name: string
  readonly aim: number
  readonly plans: readonly Plan[]
}

const loads: readonly Load[] = [
  { name: 'three quiet nodes, heartbeats every 100 ms', aim: 3, plans: [quiet()] },
  {
    name: "the swarm's mix, seeds 1 to 20, five nodes, 10 operations a second",
    aim: 0.5,
    plans: Array.from({ length: 20 }, (_, i) => drawPlan(raftSubject, i + 1, { nodes: 5, load: 10 })),
  },
]

/** A simulated hour in which nothing happens but heartbeats. */
function quiet(): Plan {
  return {
    ...drawPlan(raftSubject, 1, { nodes: 3, duration: hour, without: 'all' }),
    operations: [],
    settings: {
      raft: { electionTimeoutMin: 1000, heartbeatInterval: 100 },
      member: { electionTimeout: 1000, segmentBytes: 256 * 1024 },
    },
    latency: { kind: 'uniform', min: 0.1, max: 1 },
    syncTime: { kind: 'uniform', min: 0.1, max: 2 },
    skew: {},
  }
}

interface Round {
  readonly hours: number
  readonly events: number
  /** Of processor time. */
  readonly seconds: number
}

/** Throws when something is violated: what ends early is not fast. */
function play({ plans }: Load): Round {
  let [simulated, events] = [0, 0]
  const began = process.cpuUsage()
  for (const plan of plans) {
    const outcome = simulate(raftSubject, plan)
    const { violation } = outcome
    if (violation !== undefined) throw new Error(`seed ${plan.seed}: ${violation.invariant}: ${violation.message}`)
    simulated += outcome.simulated
    events += outcome.trace.count
  }
  const { user, system } = process.cpuUsage(began)
  return { hours: simulated / hour, events, seconds: (user + system) / 1e6 }
}

function report({ name, aim }: Load, { hours, events, seconds }: Round): void {
  const speed = hours / seconds
  console.log(`${name}:`)
  console.log(
    `  ${speed.toFixed(2)} simulated hours a second (aim ${aim}${speed < aim ? ', missed' : ''}): ` +
      `${hours.toFixed(2)} hours, ${events} events in ${seconds.toFixed(2)} s, ` +
      `${((1e6 * seconds) / events).toFixed(2)} µs an event`,
  )
}

export function main(): void {
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}, Node ${process.versions.node}, one core`)
  for (const load of loads) {
    let best = play(load)
    for (let round = 1; round < rounds; round++) {
      const next = play(load)
      if (next.seconds < best.seconds) best = next
    }
    report(load, best)
  }
}
