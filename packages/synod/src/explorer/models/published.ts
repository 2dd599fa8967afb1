import { present } from '../../core/index.ts'
import { ActorSpace } from '../actors/actor-space.ts'
import type { SearchOptions } from '../search/search.ts'
import type { Space } from '../space.ts'
import { catalogue, type Chosen } from './catalogue.ts'
import { bySourceAndDestination } from './register/register-system.ts'
import { singleCopyRegister } from './register/single-copy.ts'

/** A row of testdata/state-counts/counts.json: how many states a model has, by whom. */
export interface Published {
  readonly id: string
  readonly model: string
  readonly parameters: Readonly<Record<string, number | string>>
  readonly network?: string
  readonly symmetry?: string
  readonly distinct: number
  readonly generated?: number
  readonly depth?: number
  readonly canonicalOrbits?: number
  readonly orderDependent?: true
  /** Which of the figures another program has come to as well: all, none, or those named. */
  readonly reproduced: boolean | string
}

/** Their names, where ours differ. */
const names: Readonly<Record<string, string>> = { 'single-decree-paxos-register': 'paxos-register' }

/** What such a row is about, as a space, and how its publisher searched it. */
export function publishedSpace(row: Published): { readonly space: Space; readonly options: SearchOptions } {
  if (row.id === 'stateright-single-copy-2c2s') {
    const system = { ...singleCopyRegister({ clients: 2, servers: 2 }), deliveryOrder: bySourceAndDestination }
    return { space: new ActorSpace(system), options: { stop: 'together' } }
  }
  const name = names[row.model] ?? row.model
  const model = present(
    catalogue.find((one) => one.name === name),
    `the catalogue has ${name}`,
  )
  return { space: model.space(chosenBy(row)), options: { stop: 'never' } }
}

function chosenBy({ parameters, network = '', symmetry = 'none' }: Published): Chosen {
  const whole = (name: string): number => Number(parameters[name])
  // `0..2` and `1..2` are all ballots there are.
  const ballots = String(parameters['ballots'] ?? '').split('..')[1]
  return {
    clients: whole('clients'),
    servers: whole('servers'),
    ordered: network.startsWith('ordered') ? 1 : 0,
    managers: whole('resourceManagers'),
    acceptors: whole('acceptors'),
    values: whole('values'),
    replicas: whole('replicas'),
    writes: whole('writes'),
    reads: whole('reads'),
    'max-ballot': ballots === undefined ? whole('maxBallot') : Number(ballots),
    'max-count': whole('maxNat'),
    duplicating: network.includes('unordered duplicating') ? 1 : 0,
    lossy: network.includes('lossy') ? 1 : 0,
    symmetry: symmetry.startsWith('full') ? 1 : 0,
  }
}
