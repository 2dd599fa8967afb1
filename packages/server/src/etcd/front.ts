import { membersOf, Writer } from 'synod'
import type { Membership } from 'synod'
import { readContact } from 'synod/member'
import { encodeOperation } from 'synod/store'
import type { Unary } from 'synod/grpc'
import type { Operation, Store, StoreContext } from 'synod/store'
import type { Member } from '../proto/member-messages.ts'
import { MessageTooLarge, ProtoWriter } from '../proto/wire.ts'
import type { ServerConfig } from '../cli/config.ts'
import type { OpenedReplica } from '../replica.ts'
import { answerTooLarge } from './failures.ts'
import { Lessor } from './lessor.ts'
import { SpaceKeeper } from './space-keeper.ts'

/** Whose etcd API this is: clients turn features on by it. Synod's own version is told elsewhere. */
export const etcdVersion = '3.6.14'
/** And of the cluster and of what is stored: without the third number, as etcd's. */
export const etcdClusterVersion = '3.6.0'

/** No answer is longer: it is held in memory, as a whole, several times. */
const answerBytesMax = 256 * 1024 * 1024

/** What the front needs to know of its member's settings. */
export type FrontConfig = Pick<
  ServerConfig,
  'electionTimeout' | 'quotaBytes' | 'maxRequestBytes' | 'strictAdd' | 'engine'
>

/** Everything that the calls of one member share. */
export class Front {
  readonly config: FrontConfig
  readonly seat: OpenedReplica['seat']
  readonly replica: OpenedReplica['replica']
  readonly machine: OpenedReplica['machine']
  readonly applied: () => number
  readonly space: SpaceKeeper
  readonly lessor: Lessor
  /** undefined: there are none. */
  readonly peers: OpenedReplica['peers'] | undefined
  /** One buffer for all answers: the transport copies what it is given. */
  readonly out: ProtoWriter = new ProtoWriter(answerBytesMax)
  private readonly operation = new Writer()
  /** Fields 1 and 2 of every header, which never change. */
  private readonly ids: Uint8Array

  constructor(
    opened: Pick<OpenedReplica, 'seat' | 'replica' | 'machine' | 'applied'> & Partial<Pick<OpenedReplica, 'peers'>>,
    config: FrontConfig,
    now?: () => number,
  ) {
    this.config = config
    this.seat = opened.seat
    this.replica = opened.replica
    this.machine = opened.machine
    this.applied = opened.applied
    this.peers = opened.peers
    const out = new ProtoWriter()
    out.reset().bigint(2, BigInt(`0x${opened.seat.self}`))
    out.bigint(1, BigInt(`0x${opened.seat.cluster}`))
    this.ids = out.finish().slice()
    this.space = new SpaceKeeper(this)
    this.lessor = new Lessor(this, now)
  }

  /** Of now: a snapshot of the leader may put another one in its place. */
  get store(): Store {
    return this.machine.store
  }

  /** Proposes an operation that was found to be sound. */
  submit(operation: Operation, context: StoreContext): void {
    const out = this.operation
    out.reset()
    encodeOperation(out, operation)
    this.replica.submit(out.control.subarray(0, out.length), context)
  }

  /** What a request asks for may be more than any memory holds, and must not end the member. */
  answer<Result extends { readonly revision: number }>(
    call: Unary,
    asked: 'read' | 'write',
    result: Result,
    write: (out: ProtoWriter, result: Result) => void,
  ): void {
    const out = this.out.reset()
    try {
      write(out, result)
      this.writeHeader(result.revision)
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error
      return answerTooLarge(call, asked, answerBytesMax)
    }
    call.respond(out.finish())
  }

  /** Field 1 of every answer. Written last, as the writer goes backwards. */
  writeHeader(revision: number): void {
    const { out } = this
    const mark = out.begin()
    out.number(4, this.replica.standing.term)
    out.number(3, revision)
    out.raw(this.ids)
    out.end(1, mark)
  }

  /** Alarms that are on, by their names in the API. */
  alarms(): readonly string[] {
    const { noSpace, corrupt } = this.store.alarms
    return [...(noSpace ? ['NOSPACE'] : []), ...(corrupt ? ['CORRUPT'] : [])]
  }

  /**
   * This member takes part without a vote, or does not know yet that it takes part. It votes as soon as the newest
   * membership of its log says so: after a start it does not know what of that is decided.
   */
  get isLearner(): boolean {
    const { committedMembership, membership } = this.replica.standing
    return ![committedMembership, membership].some(
      ({ voters, outgoing }) => voters.includes(this.seat.self) || outgoing.includes(this.seat.self),
    )
  }

  /** What is decided of the members: who has not said anything has no name yet. In the order of their ids. */
  members(membership: Membership = this.replica.standing.committedMembership): Member[] {
    return membersOf(membership).map((node) => {
      const { name, peerUrls, clientUrls } = readContact(membership.contacts[node])
      const isLearner = membership.learners.includes(node)
      return { id: BigInt(`0x${node}`), name, peerUrls, clientUrls, isLearner }
    })
  }
}
