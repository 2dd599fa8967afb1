import { Rejected, voting } from 'synod'
import type { Failure, Logger, Membership, MembershipChange, RejectedDetail, Standing } from 'synod'
import { serve } from 'synod/grpc'
import type { GrpcServer } from 'synod/grpc'
import { ReplicatedStore } from 'synod/store'
import type { StoreContext } from 'synod/store'
import { mergeContact, writeContact } from 'synod/member'
import type { About, ChangeAnswer, Replica } from 'synod/member'
import { resolveConfig } from '../cli/config.ts'
import type { ServerConfig } from '../cli/config.ts'
import { Front } from '../etcd/front.ts'
import type { Lessor } from '../etcd/lessor.ts'
import type { HttpLimits } from '../http/http-port.ts'
import { Web } from '../http/web.ts'
import { etcdRoutes } from '../etcd/routes.ts'
import { Exposition } from '../metrics/exposition.ts'
import { firstSeat } from '../seat.ts'

export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * A replica without disk and peers: operations are applied in the next turn. It stands for a cluster in the tests of
 * what is in front of one, and can be told to fail.
 */
export class ImmediateReplica implements Replica<StoreContext> {
  readonly machine = new ReplicatedStore()
  readonly self: string
  /** Instead of applying anything. */
  failure: Failure | undefined
  leader: string | undefined
  departing = false
  term = 2
  index = 0
  membership: Membership
  private operations: Uint8Array[] = []
  private contexts: StoreContext[] = []
  private reads: StoreContext[] = []

  constructor(self: string, membership: Membership = voting([self])) {
    this.self = self
    this.leader = self
    this.membership = membership
  }

  submit(operation: Uint8Array, context: StoreContext): void {
    this.wake()
    this.operations.push(operation.slice())
    this.contexts.push(context)
  }

  read(context: StoreContext): void {
    this.wake()
    this.reads.push(context)
  }

  private wake(): void {
    if (this.contexts.length + this.reads.length === 0) setImmediate(() => this.flush())
  }

  private flush(): void {
    const { operations, contexts, reads, failure } = this
    this.operations = []
    this.contexts = []
    this.reads = []
    if (failure !== undefined) {
      for (const context of [...contexts, ...reads]) this.machine.fail(context, failure)
      return
    }
    if (contexts.length > 0) this.machine.apply(++this.index, framed(operations), contexts)
    for (const context of reads) this.machine.read(context)
  }

  get standing(): Standing {
    const { term, leader, self, index } = this
    return {
      term,
      leader,
      leading: leader === self,
      decided: index,
      lastIndex: index,
      compacted: 0,
      membership: this.membership,
      committedMembership: this.membership,
      parting: [],
      snapshot: undefined,
      repairing: false,
      stranded: false,
    }
  }

  transfer(): boolean {
    return false
  }

  /** A cluster of one that stays one: it refuses everything but news of itself. */
  change([change]: readonly MembershipChange[], answer: ChangeAnswer): void {
    const refused = (code: Exclude<RejectedDetail['code'], 'no-leader'>): void =>
      answer(new Rejected(`a cluster of one refuses to ${change?.type}`, { code }))
    setImmediate(() => {
      if (change === undefined || change.type === 'addVoter' || change.type === 'addLearner') return refused('exists')
      if (change.id !== this.self) return refused('unknown-member')
      if (change.type !== 'update') return refused(change.type === 'promote' ? 'not-learner' : 'no-voters')
      this.say(change.contact)
      answer({ index: this.index, membership: this.membership })
    })
  }

  publish(about: About): void {
    setImmediate(() => this.say(writeContact(about)))
  }

  private say(contact: string): void {
    const { self, membership } = this
    const contacts = { ...membership.contacts, [self]: mergeContact(membership.contacts[self], contact) }
    this.membership = { ...membership, contacts }
  }
}

/** Each behind its length, as the member packs them. */
function framed(operations: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.alloc(operations.reduce((sum, { length }) => sum + 4 + length, 0))
  let at = 0
  for (const operation of operations) {
    bytes.writeUInt32LE(operation.length, at)
    bytes.set(operation, at + 4)
    at += 4 + operation.length
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function configFor(name: string, options: Partial<Parameters<typeof resolveConfig>[0]> = {}): ServerConfig {
  return resolveConfig({
    name,
    listenClientUrls: 'http://127.0.0.1:0',
    initialClusterToken: 'test',
    initialClusterState: 'new',
    engine: 'raft',
    heartbeatInterval: 100,
    electionTimeout: 1000,
    quotaBackendBytes: 2 ** 31,
    snapshotCount: 100_000,
    maxRequestBytes: 1.5 * 1024 * 1024,
    logLevel: 'error',
    logFormat: 'json',
    ...options,
  })
}

/** Everything in front of a replica, on a port of its own. */
export class OneNode {
  readonly config: ServerConfig
  readonly replica: ImmediateReplica
  readonly front: Front
  readonly lessor: Lessor
  private readonly httpLimits: Partial<HttpLimits>
  private grpc: GrpcServer
  web: Web
  /** What was logged as a warning or an error. */
  readonly complaints: string[] = []
  port = 0

  constructor(options: Partial<Parameters<typeof resolveConfig>[0]> = {}, httpLimits: Partial<HttpLimits> = {}) {
    this.config = configFor('m1', options)
    this.httpLimits = httpLimits
    const seat = firstSeat(this.config)
    this.replica = new ImmediateReplica(seat.self, seat.membership)
    const { replica } = this
    this.front = new Front({ seat, replica, machine: replica.machine, applied: () => replica.index }, this.config)
    this.lessor = this.front.lessor
    this.web = this.makeWeb()
    this.grpc = this.serve()
  }

  private serve(): GrpcServer {
    return serve({
      routes: etcdRoutes(this.front),
      log: this.log,
      limits: { messageBytesMax: this.messageBytesMax },
      other: (...one) => this.web.take(...one),
    })
  }

  private makeWeb(): Web {
    const { front, log, messageBytesMax, httpLimits } = this
    const metrics = new Exposition([])
    const options = { front, routes: etcdRoutes(front), messageBytesMax, log, limits: httpLimits }
    return new Web(options, async () => metrics.text())
  }

  private get messageBytesMax(): number {
    return this.config.maxRequestBytes + 512 * 1024
  }

  private get log(): Logger {
    const complain = (message: string, fields?: object): void =>
      void this.complaints.push(`${message} ${JSON.stringify(fields ?? {})}`)
    return { ...silent, warn: complain, error: complain }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async start(): Promise<this> {
    const { port } = await this.grpc.listen('127.0.0.1', 0)
    this.port = port
    this.lessor.start()
    this.front.space.start()
    this.replica.publish({ name: 'm1', clientUrls: [this.url] })
    // Publishing takes a turn; a test begins when it is done.
    while (this.front.members()[0]?.name === '') await new Promise(setImmediate)
    return this
  }

  /** What a restart does to a front: its clients are disconnected, and the leases begin anew. */
  async restart(): Promise<void> {
    const { port } = this
    await Promise.all([this.grpc.close(), this.web.drain(0)])
    this.web = this.makeWeb()
    this.grpc = this.serve()
    this.replica.term++
    await this.grpc.listen('127.0.0.1', port)
  }

  async stop(): Promise<void> {
    this.lessor.stop()
    this.front.space.stop()
    await Promise.all([this.grpc.close(), this.web.drain(0)])
  }
}

export const noLeader = new Rejected('no leader', { code: 'no-leader' })
