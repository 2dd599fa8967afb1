import { randomBytes } from 'node:crypto'
import { Rejected } from 'synod'
import type { Failure, MembershipChange, NodeId } from 'synod'
import type { Unary } from 'synod/grpc'
import { writeContact } from 'synod/member'
import type { Changed } from 'synod/member'
import { parseAddress } from '../cli/addresses.ts'
import { UsageError } from '../cli/exit.ts'
import { hexadecimal } from '../cli/identity.ts'
import type { Member } from '../proto/member-messages.ts'
import { readMemberAdd, readMemberId, readMemberList, readMemberUpdate, writeMember } from '../proto/member-messages.ts'
import { noBytes, ProtoReader } from '../proto/wire.ts'
import { ReadCall } from './calls.ts'
import {
  badTransferee,
  failCall,
  invalidUrls,
  memberNotFound,
  notLeader,
  refuse,
  slowTransfer,
  urlTaken,
} from './failures.ts'
import type { Front } from './front.ts'

/** How often it looks whether what was begun has come about. */
const pollMs = 20
/**
 * Metadata of a MemberAdd, `decided`: it is answered then, also with `--strict-add`. Who is to tell how the new member is
 * started cannot wait until that votes.
 */
const answerWhen = 'synod-answer'
const urlsMax = 8
const urlLengthMax = 256

/** etcdserverpb.Cluster, and MoveLeader: who takes part, and who leads. */
export class MemberService {
  private readonly front: Front

  constructor(front: Front) {
    this.front = front
  }

  /**
   * What is decided, or, where that is not asked for, what this member knows. After a start it does not know yet what of
   * its log is decided, and without a majority it never does: the newest in its log is closer than the one before that.
   */
  list(call: Unary, message: Uint8Array): void {
    const { front } = this
    if (readMemberList(new ProtoReader(message)))
      front.replica.read(new ReadCall(call, () => this.answer(call, 2, front.members())))
    else this.answer(call, 2, front.members(front.replica.standing.membership))
  }

  /** The id is random, and new: nobody can ever have voted or acknowledged anything under it. */
  add(call: Unary, message: Uint8Array): void {
    const asked = readMemberAdd(new ProtoReader(message))
    const peerUrls = readUrls(asked.peerUrls)
    if (peerUrls === undefined) return refuse(call, invalidUrls)
    const id = hexadecimal(randomBytes(8).readBigUInt64BE() || 1n)
    const type = asked.isLearner ? 'addLearner' : 'addVoter'
    this.change(call, { type, id, contact: writeContact({ peerUrls }) }, ({ membership }) => {
      const added = { id: BigInt(`0x${id}`), name: '', peerUrls, clientUrls: [], isLearner: asked.isLearner }
      const answer = (): void => this.answer(call, 3, this.front.members(), added)
      const strict = this.front.config.strictAdd && call.metadata(answerWhen) !== 'decided'
      if (strict && type === 'addVoter') return this.onceItVotes(call, id, answer)
      this.answer(call, 3, this.front.members(membership), added)
    })
  }

  /** As long as the caller waits. */
  private onceItVotes(call: Unary, id: NodeId, answer: () => void): void {
    if (call.cancelled) return
    const { voters, learners } = this.front.replica.standing.committedMembership
    if (voters.includes(id)) return answer()
    if (!learners.includes(id)) return refuse(call, memberNotFound)
    setTimeout(() => this.onceItVotes(call, id, answer), pollMs).unref()
  }

  remove(call: Unary, message: Uint8Array): void {
    const id = hexadecimal(readMemberId(new ProtoReader(message)))
    this.change(call, { type: 'remove', id }, ({ membership }) => this.answer(call, 2, this.front.members(membership)))
  }

  promote(call: Unary, message: Uint8Array): void {
    const id = hexadecimal(readMemberId(new ProtoReader(message)))
    this.change(call, { type: 'promote', id }, ({ membership }) => this.answer(call, 2, this.front.members(membership)))
  }

  /** Where its peers reach it; what else is known of it stays. */
  update(call: Unary, message: Uint8Array): void {
    const asked = readMemberUpdate(new ProtoReader(message))
    const peerUrls = readUrls(asked.peerUrls)
    if (peerUrls === undefined) return refuse(call, invalidUrls)
    const contact = writeContact({ peerUrls })
    this.change(
      call,
      { type: 'update', id: hexadecimal(asked.id), contact },
      ({ membership }) => this.answer(call, 2, this.front.members(membership)),
      (failure) => {
        const taken = failure instanceof Rejected && failure.detail.code === 'exists'
        if (taken) refuse(call, urlTaken, failure.message)
        else failCall(call, failure, 'write')
      },
    )
  }

  private change(
    call: Unary,
    change: MembershipChange,
    done: (changed: Changed) => void,
    failed: (failure: Failure) => void = (failure) => failCall(call, failure, 'write'),
  ): void {
    this.front.replica.change([change], (outcome) => ('membership' in outcome ? done(outcome) : failed(outcome)))
  }

  private answer(call: Unary, field: 2 | 3, members: readonly Member[], added?: Member): void {
    const { front } = this
    const out = front.out.reset()
    for (const member of members.toReversed()) writeMember(out, field, member)
    if (added !== undefined) writeMember(out, 2, added)
    front.writeHeader(0)
    call.respond(out.finish())
  }

  /** Answered when the target leads. Only the leader is asked, as with etcd. */
  moveLeader(call: Unary, message: Uint8Array): void {
    const target = hexadecimal(readMemberId(new ProtoReader(message)))
    const { replica, seat, config } = this.front
    if (!replica.standing.leading) return refuse(call, notLeader)
    const { voters } = replica.standing.committedMembership
    if (!voters.includes(target)) return refuse(call, badTransferee)
    if (target !== seat.self && !replica.transfer(target)) return refuse(call, badTransferee)
    const until = performance.now() + 3 * config.electionTimeout
    const look = (): void => {
      if (call.cancelled) return
      // etcd's answer has not even a header.
      if (replica.standing.leader === target) return call.respond(noBytes)
      // It may still come about: nobody takes the invitation back.
      if (performance.now() > until) return call.fail(slowTransfer.code, slowTransfer.message)
      setTimeout(look, pollMs).unref()
    }
    look()
  }
}

/** One at least, each `http://host:port`, none twice; undefined: they are none. */
function readUrls(texts: readonly string[]): readonly string[] | undefined {
  try {
    if (texts.length === 0 || texts.length > urlsMax || texts.some(({ length }) => length > urlLengthMax))
      return undefined
    const addresses = texts.map((text) => parseAddress(text, 'peerURLs'))
    if (addresses.some(({ explicit, port }) => !explicit || port === 0)) return undefined
    return [...new Set(addresses.map(({ url }) => url))]
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}
