import { voting, type Codec, type LogEngine, type NodeId, type StateMachine } from '../core/index.ts'
import { defaultMemberOptions, Member, type EngineEnvironment, type MemberOptions } from '../member/index.ts'
import { World, type WorldOptions } from '../simulator/index.ts'

export interface MemberWorldOptions<Message, Durable, Context> extends Omit<
  WorldOptions<Member<Message, Durable, Context>>,
  'member'
> {
  readonly machine: (id: NodeId) => StateMachine<Context>
  readonly options?: Partial<MemberOptions>
}

/** What a world of members is about. */
export interface EngineParts<Message, Durable> {
  readonly codec: Codec<Message, Durable>
  readonly engine: (env: EngineEnvironment<Message, Durable>) => LogEngine<unknown, Message, Durable>
}

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

/** A world of members around any engine and any state machine: production's own code, on virtual machines. */
export class MemberWorld<Message, Durable, Context> extends World<Member<Message, Durable, Context>> {
  constructor(options: MemberWorldOptions<Message, Durable, Context>, parts: EngineParts<Message, Durable>) {
    super({
      ...options,
      member: (id, ports, diskId) => {
        return new Member<Message, Durable, Context>({
          ports,
          ...parts,
          machine: options.machine(id),
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

  member(id: NodeId): Member<Message, Durable, Context> | undefined {
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
