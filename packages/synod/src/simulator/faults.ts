import type { Milliseconds, NodeId } from '../core/index.ts'
import type { Duration } from './draws.ts'

/** When a fault begins, and for how long it holds. */
interface Spell {
  readonly at: Milliseconds
  readonly for: Milliseconds
}

/** Links are written `a>b`: what a sends to b. */
interface OnLinks extends Spell {
  readonly links: readonly string[]
}

interface OnNode extends Spell {
  readonly node: NodeId
}

/** One thing that goes wrong, and is over after its time: what an artefact lists and shrinking removes. */
export type Fault =
  // Links
  | (OnLinks & {
      readonly type: 'partition'
      /** What it is called in the literature; says nothing that `links` does not. */
      readonly shape: PartitionShape
    })
  | (OnLinks & { readonly type: 'loss' | 'duplication' | 'corruption'; readonly share: number })
  | (OnLinks & { readonly type: 'reordering' })
  | (OnLinks & { readonly type: 'latency'; readonly latency: Duration })
  // Clocks
  | (OnNode & { readonly type: 'drift'; readonly rate: number })
  | { readonly type: 'jump'; readonly at: Milliseconds; readonly node: NodeId; readonly by: Milliseconds }
  // Processes
  | (OnNode & { readonly type: 'slow'; readonly turn: Milliseconds })
  | (OnNode & { readonly type: 'stall' })
  | (OnNode & { readonly type: 'crash' })
  // Machines and disks
  | (OnNode & {
      readonly type: 'powerCut'
      /** Right after so many more operations that change the disk; 0 at once. */
      readonly operations: number
    })
  | (Spell & {
      readonly type: 'blackout'
      /** These have a battery, and only stop. */
      readonly except: readonly NodeId[]
    })
  | (OnNode & { readonly type: 'wipe' })
  | (OnNode & { readonly type: 'bitFlip'; readonly flips: number })
  | (OnNode & { readonly type: 'misdirectedWrite' })
  | (OnNode & { readonly type: 'failingSync' })
  | (OnNode & { readonly type: 'fullDisk'; readonly spare: number })
  | (OnNode & { readonly type: 'stalledDisk' })
  | (OnNode & { readonly type: 'slowDisk'; readonly syncTime: Milliseconds })
  | (OnNode & {
      readonly type: 'unreadable'
      /** So many blocks of 4,096 bytes, until they are written over. */
      readonly blocks: number
    })

export type FaultType = Fault['type']

/**
 * Both ways or one; `quorumLoss`: only one server is connected to a quorum; `constrained`: so, and it is behind;
 * `chained`: each sees its neighbours only (OmniPaxos, EuroSys'23).
 */
export const partitionShapes = [
  'halves',
  'isolated',
  'deaf',
  'mute',
  'quorumLoss',
  'constrained',
  'chained',
  'random',
] as const

export type PartitionShape = (typeof partitionShapes)[number]

/** What is counted: each fault by its type when it takes effect, and what a power cut did to the disk. */
export type FaultName = FaultType | 'tornWrite' | 'lostWrite' | 'skew'

/** Those that only a node whose disk may be lost is given. */
export const hardOnDisks: ReadonlySet<FaultType> = new Set(['wipe', 'bitFlip', 'misdirectedWrite', 'unreadable'])

/** Whose disk a plan's faults may make lose what was durable. */
export function lossyNodes(faults: readonly Fault[]): NodeId[] {
  return [...new Set(faults.flatMap((fault) => ('node' in fault && hardOnDisks.has(fault.type) ? [fault.node] : [])))]
}
