/** A bench: what it measures, in a line, and its program, which takes the rest of the command line and answers the exit code. */
interface Bench {
  readonly about: string
  run(options: string[]): Promise<number>
}

/** By name; only the one that is asked for is loaded. */
const benches: Readonly<Record<string, Bench>> = {
  etcd: {
    about: 'Synod beside etcd: clusters of three members and of one, loaded in turn, and the bars',
    run: async (options) => (await import('./beside-etcd.ts')).main(options),
  },
  growth: {
    about: 'how the cost of a put grows with keys, values, log, members and connections',
    run: async (options) => (await import('./growth/main.ts')).main(options),
  },
  layers: {
    about: 'where the processor time of a put goes, by layer, from a profile',
    run: async (options) => (await import('./layers/main.ts')).main(options),
  },
  stalls: {
    about: 'every put that takes long, and what the servers did then',
    run: async (options) => (await import('./stalls/main.ts')).main(options),
  },
  'raft-vs-multi-paxos': {
    about:
      'the two engines, in turn: load, crashes and laggards of processes; messages and partitions of simulated worlds',
    run: async (options) => (await import('./engines/raft-vs-multi-paxos.ts')).main(options),
  },
  simulator: withoutOptions('how fast the simulator is, every invariant on', async () =>
    (await import('./simulator.ts')).main(),
  ),
  explorer: withoutOptions('how many states a second are explored', async () => (await import('./explorer.ts')).main()),
  history: withoutOptions('how long it takes to judge a history', async () => (await import('./history.ts')).main()),
}

function withoutOptions(about: string, run: () => Promise<void>): Bench {
  return {
    about,
    run: async ([option]) => {
      if (option !== undefined) return misused(`it has no options, and was given ${option}`)
      await run()
      return 0
    },
  }
}

function usage(): string {
  const names = Object.keys(benches)
  const width = Math.max(...names.map(({ length }) => length)) + 2
  const lines = names.map((name) => `  ${name.padEnd(width)}${benches[name]?.about ?? ''}\n`)
  return `How fast it all is. bench/RESULTS.md has what was measured.\n\n  npm run bench -- NAME [options]    (--help: what they are)\n\n${lines.join('')}`
}

function misused(why: string): number {
  process.stderr.write(`bench: ${why}\n\n${usage()}`)
  return 2
}

async function main([name = '', ...options]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(usage())
    return 0
  }
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (bench === undefined) return misused(name === '' ? 'which one?' : `there is no ${name}`)
  return bench.run(options)
}

process.exitCode = await main(process.argv.slice(2))
