import type { Invariant, NodeId } from '../../core/index.ts'

/** What is read here of a node, whichever its engine is. */
export interface MayRepair {
  readonly id: NodeId
  readonly state: { readonly repair: unknown }
  readonly durable: { readonly repair: unknown }
}

/**
 * What was durable is lost by damage only: whatever a crash or a loss of power leaves behind must be read as a log that
 * is whole. A journal that takes a torn tail for a hole sends its member asking for what it never said, and hides so.
 */
export function noHoleWithoutDamage(isDamaged: (id: NodeId) => boolean): Invariant<MayRepair> {
  return {
    name: 'no hole on a disk that was never damaged',
    watch:
      () =>
      ({ id, state, durable }) => {
        if ((state.repair ?? durable.repair) === undefined || isDamaged(id)) return undefined
        return `${id} has found a hole in its log, and nothing has damaged its disk`
      },
  }
}
