/**
 * A model checker: every order of deliveries, timeouts, syncs, crashes and coins, within bounds that are stated. It runs
 * the production classes themselves, and the specifications of others in `models/`.
 *
 * ```ts
 * const space = new ActorSpace(paxosRegister({ clients: 2, servers: 3 }))
 * const { states, findings } = search(space)            // 16668, and no violation among the findings
 * ```
 *
 * @module
 */
export { ActorSpace } from './actors/actor-space.ts'
export type {
  Bounds,
  Envelope,
  HistoryFold,
  Input,
  NetworkKind,
  Output,
  Participant,
  Situation,
  SituationNode,
  StepProperty,
  System,
  SystemProperty,
} from './actors/system.ts'
export { NotDead } from './actors/graveyard.ts'
export { NamesMatter } from './actors/names.ts'
export {
  ExplorationUnreadable,
  explorationVersion,
  isExploration,
  readExploration,
  writeExploration,
} from './exploration.ts'
export type { Exploration } from './exploration.ts'
export { collisionBound } from './fingerprints.ts'
export { catalogue, parameter } from './models/catalogue.ts'
export type { Chosen, Explorable, Parameter } from './models/catalogue.ts'
export { paxosRegister } from './models/register/paxos-register.ts'
export { publishedSpace } from './models/published.ts'
export type { Published } from './models/published.ts'
export { ModelSpace } from './model-space.ts'
export type { Change, Model, ModelProperty, ModelRenaming, ModelState, Take } from './model.ts'
export { searchingWithSleepSets, searchWithSleepSets } from './search/sleep-sets.ts'
export type { SleepOptions } from './search/sleep-sets.ts'
export { search, searching } from './search/search.ts'
export type { Finding, Progress, Searching, SearchOptions, SearchReport } from './search/search.ts'
export { replay } from './search/path.ts'
export type { Start, Step } from './search/path.ts'
export { randomWalk, walking } from './search/random-walk.ts'
export type { WalkOptions } from './search/random-walk.ts'
export type { Independence, Property, Space } from './space.ts'
export { permutations } from './symmetry.ts'
