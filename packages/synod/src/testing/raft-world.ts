import { voting, type NodeId, type StateMachine } from '../core/index.ts'
import { defaultMemberOptions, Member, type MemberOptions } from '../member/index.ts'
import {
  defaultRaftOptions,
  Raft,
  raftCodec,
  type RaftOptions,
  type Durable,
  type Message,
} from '../protocols/raft/index.ts'
import { World, type WorldOptions } from '../simulator/index.ts'

export interface RaftWorldOptions<Context> extends Omit<WorldOptions<RaftMember<Context>>, 'member'> {
  readonly machine: (id: NodeId) => StateMachine<Context>
  readonly raft?: Partial<RaftOptions>
  readonly options?: Partial<MemberOptions>
}

export type RaftMember<Context> = Member<Message, Durable, Context>

/** Small numbers, so that a short run rolls segments over, takes snapshots and cuts the journal. */
export const smallMemberOptions: Partial<MemberOptions> = {
  segmentBytes: 16 * 1024,
  electionTimeout: 150,
  snapshots: {
    ...defaultMemberOptions.snapshots,
    entries: 40,
    bytes: 64 * 1024,
    keepEntries: 10,
    keepBytes: 16 * 1024,
    chunkBytes: 512,
    retry: 50,
  },
  retry: 30,
}

export const fastRaftOptions: Partial<RaftOptions> = {
  electionTimeoutMin: 150,
  heartbeatInterval: 15,
  // A record fits into one of the small segments.
  maxMessageBytes: 4096,
}

/** A world of Raft members around any state machine: production's own code, on virtual machines. */
export class RaftWorld<Context> extends World<RaftMember<Context>> {
  constructor(options: RaftWorldOptions<Context>) {
    super({
      ...options,
      member: (id, ports, diskId) => {
        return new Member<Message, Durable, Context>({
          ports,
          codec: raftCodec,
          machine: options.machine(id),
          engine: (env) => new Raft(env, { ...defaultRaftOptions, ...fastRaftOptions, ...options.raft }),
          options: {
            ...defaultMemberOptions,
            ...smallMemberOptions,
            cluster: '00000000000000c1',
            ...options.options,
            self: id,
            ...(options.nodes.includes(id)
              ? { membership: voting(options.nodes) }
              : { membership: voting([]), introducers: Object.fromEntries(options.nodes.map((first) => [first, ''])) }),
            diskId,
          },
        })
      },
    })
  }

  member(id: NodeId): RaftMember<Context> | undefined {
    return this.node(id).member
  }

  leader(): NodeId | undefined {
    for (const [id, node] of this.nodes) {
      const standing = node.halted === undefined ? this.member(id)?.standing : undefined
      if (standing?.leading === true) return id
    }
    return undefined
  }
}
