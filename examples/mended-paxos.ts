/**
 * paxos.ts with the line that was missing. Nothing is found any more:
 *
 *     npx synod simulate examples/mended-paxos.ts
 */
import { describePaxos, Paxos, type Proposal } from './paxos.ts'

export class MendedPaxos extends Paxos {
  protected override accept(accepted: Proposal): void {
    super.accept(accepted)
    this.env.persist({ promised: accepted.ballot, accepted })
  }
}

export const subject = describePaxos(MendedPaxos)
