/**
 * Who may know whom: the room on the left may import the rooms on the right, and nothing else. The linter reads this
 * table, the compiler reads the same thing from each room's `references`, and tidy.test.ts holds the two together.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  core: [],
  protocols: ['core'],
  store: ['core'],
  history: ['core'],
  journal: ['core'],
  member: ['core', 'journal'],
  runtime: ['core', 'protocols', 'journal', 'member'],
  simulator: ['core', 'journal', 'member'],
  explorer: ['core'],
  grpc: ['core'],
  testing: ['core', 'protocols', 'store', 'history', 'journal', 'member', 'runtime', 'simulator', 'explorer'],
}

/** The rooms in which the same inputs must always give the same outputs, on every platform. */
export const deterministicRooms: readonly string[] = [
  'core',
  'protocols',
  'store',
  'history',
  'journal',
  'member',
  'simulator',
  'explorer',
]

/** The rooms that may use Node's modules and types. The suites of `testing` run wherever their user runs them. */
export const platformRooms: readonly string[] = ['runtime', 'grpc']
