import type { Member } from '../member/index.ts'
import {
  defaultRaftOptions,
  Raft,
  raftCodec,
  type RaftOptions,
  type Durable,
  type Message,
} from '../protocols/raft/index.ts'
import { MemberWorld, type MemberWorldOptions } from './member-world.ts'

export interface RaftWorldOptions<Context> extends MemberWorldOptions<Message, Durable, Context> {
  readonly raft?: Partial<RaftOptions>
}

export type RaftMember<Context> = Member<Message, Durable, Context>

export const fastRaftOptions: Partial<RaftOptions> = {
  electionTimeoutMin: 150,
  heartbeatInterval: 15,
  // A record fits into one of the small segments.
  maxMessageBytes: 4096,
}

/** A world of Raft members around any state machine: production's own code, on virtual machines. */
export class RaftWorld<Context> extends MemberWorld<Message, Durable, Context> {
  constructor(options: RaftWorldOptions<Context>) {
    super(options, {
      codec: raftCodec,
      engine: (env) => new Raft(env, { ...defaultRaftOptions, ...fastRaftOptions, ...options.raft }),
    })
  }
}
