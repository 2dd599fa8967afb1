import {
  Malformed,
  membersOf,
  Rejected,
  type Logger,
  type Membership,
  type MembershipChange,
  type NodeId,
  type Standing,
} from '../core/index.ts'
import type { ChangeAnswer } from './changes.ts'
import { mergeContact, writeContact, type Contact } from './contact.ts'

export interface PublicationHolder {
  readonly self: NodeId
  readonly diskId: string | undefined
  readonly standing: Standing
  readonly log: Logger
  change(changes: readonly MembershipChange[], answer: ChangeAnswer): void
  /** Call `insist` after a while. */
  later(): void
}

/** What no waiting changes. */
const lasting: ReadonlySet<string> = new Set(['malformed', 'lost-disk'])

/** What a member says of itself, beside the disk that it has. */
export type About = Pick<Contact, 'name' | 'clientUrls'>

/**
 * A member tells the cluster, through the log, by which disk it takes part, what it is called and where clients reach it,
 * whenever that is not what the membership says: at its first start, and when an operator has changed it.
 */
export class Publication {
  private readonly holder: PublicationHolder
  private about: About | undefined
  private underWay = false
  private running = false
  /** Why the cluster does not take what is said, as far as it was logged. */
  private complaint: string | undefined

  constructor(holder: PublicationHolder) {
    this.holder = holder
  }

  say(about: About): void {
    this.about = about
    this.consider()
  }

  begin(): void {
    this.running = true
    this.consider()
  }

  /**
   * After each change of the membership; nobody else may have taken back what was said. A learner says it before it finds
   * itself in its own log: it gets no further before it has (see `Circle`).
   */
  consider(): void {
    this.look(false)
  }

  /** Some time has passed. */
  insist(): void {
    this.look(true)
  }

  /**
   * What a learner has in its log and is not decided may be lost: its leader, which does not hear it before its disk is
   * named, would never bring it the entry that takes the place of the lost one. So it says it again, if it must.
   */
  private look(hasWaited: boolean): void {
    const { self, diskId, standing } = this.holder
    const { membership, committedMembership, leader } = standing
    if (!this.running || this.underWay || diskId === undefined) return
    // It is being removed: there is nobody left to say it of.
    if (membersOf(committedMembership).includes(self) && !membersOf(membership).includes(self)) return
    const contact = writeContact({ ...this.about, disk: diskId })
    const isSaidIn = ({ contacts }: Membership): boolean => mergeContact(contacts[self], contact) === contacts[self]
    try {
      if (isSaidIn(membership)) {
        if (isSaidIn(committedMembership) || !membership.learners.includes(self)) return
        if (!hasWaited || leader === undefined) return this.holder.later()
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return this.complain(error.message)
    }
    this.underWay = true
    this.holder.change([{ type: 'update', id: self, contact }], (outcome) => {
      this.underWay = false
      if ('membership' in outcome) return this.consider()
      if (outcome instanceof Rejected && lasting.has(outcome.detail.code)) this.complain(outcome.message)
      // It is only repeated, never given up.
      this.holder.later()
    })
  }

  private complain(why: string): void {
    if (why === this.complaint) return
    this.complaint = why
    this.holder.log.error(`the cluster is not told what this member is called and where its clients go: ${why}`)
  }
}
