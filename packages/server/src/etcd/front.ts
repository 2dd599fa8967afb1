import { Writer } from 'synod'
import { encodeOperation } from 'synod/store'
import type { Operation, Store, StoreContext } from 'synod/store'
import type { Member } from '../proto/other-messages.ts'
import { ProtoWriter } from '../proto/wire.ts'
import type { ServerConfig } from '../cli/config.ts'
import type { OpenedReplica } from '../replica.ts'

/** Whose etcd API this is: clients turn features on by it. Synod's own version is told elsewhere. */
export const etcdVersion = '3.6.14'

/** What the front needs to know of its member's settings. */
export type FrontConfig = Pick<ServerConfig, 'cluster' | 'self' | 'electionTimeout' | 'quotaBytes' | 'maxRequestBytes'>

/** Everything that the calls of one member share. */
export class Front {
  readonly config: FrontConfig
  readonly replica: OpenedReplica['replica']
  readonly machine: OpenedReplica['machine']
  readonly applied: () => number
  /** One buffer for all answers: the transport copies what it is given. */
  readonly out: ProtoWriter = new ProtoWriter()
  private readonly operation = new Writer()
  /** Fields 1 and 2 of every header, which never change. */
  private readonly ids: Uint8Array

  constructor(opened: Pick<OpenedReplica, 'replica' | 'machine' | 'applied'>, config: FrontConfig) {
    this.config = config
    this.replica = opened.replica
    this.machine = opened.machine
    this.applied = opened.applied
    const out = new ProtoWriter()
    out.reset().bigint(2, config.self.id)
    out.bigint(1, config.cluster.id)
    this.ids = out.finish().slice()
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

  /** Field 1 of every answer. Written last, as the writer goes backwards. */
  writeHeader(revision: number): void {
    const { out } = this
    const mark = out.begin()
    out.number(4, this.replica.standing.term)
    out.number(3, revision)
    out.raw(this.ids)
    out.end(1, mark)
  }

  /** The first membership, with what each member has published since: who has not said anything has no name yet. */
  members(): Member[] {
    return this.config.cluster.members.map(({ id, peerUrl }) => {
      const published = this.store.attributes.get(id)
      return {
        id,
        name: published?.name ?? '',
        peerUrls: [peerUrl],
        clientUrls: published?.clientUrls ?? [],
        isLearner: false,
      }
    })
  }
}
