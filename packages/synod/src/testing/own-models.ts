import type { Explorable } from '../explorer/index.ts'
import { explorableBenOr } from './ben-or/ben-or-model.ts'
import { explorableByzantineBenOr } from './ben-or/byzantine-model.ts'
import { explorableChandraToueg } from './chandra-toueg/chandra-toueg-model.ts'
import { explorableMultiPaxos } from './multi-paxos/multi-paxos-model.ts'
import { explorablePaxos } from './paxos/paxos-model.ts'
import { explorableRaft } from './raft/raft-model.ts'

/** Each of our own protocols that can be explored. */
export const ownModels: readonly Explorable[] = [
  explorableRaft,
  explorableMultiPaxos,
  explorablePaxos,
  explorableBenOr,
  explorableByzantineBenOr,
  explorableChandraToueg,
]
