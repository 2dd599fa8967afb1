import type { Invariant, NodeId } from '../../core/index.ts'

/** What is read here of a node, whichever its engine is. */
export interface MayRepair {
  readonly id: NodeId
  readonly state: { readonly repair: unknown }
  readonly durable: { readonly repair: unknown }
  /** What it knows and its disk does not tell, although all that it has written is durable. */
  readonly unwritten: string | undefined
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

/**
 * What a member goes by is what it will find at its next start. Otherwise what it acknowledges then may not be there:
 * for all the records behind it, if one of them does not attach.
 */
export const nothingUnwritten: Invariant<MayRepair> = {
  name: 'the disk tells what a member knows',
  watch:
    () =>
    ({ id, unwritten }) =>
      unwritten === undefined ? undefined : `${id} knows ${unwritten}`,
}
