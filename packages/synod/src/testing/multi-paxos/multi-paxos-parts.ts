import {
  defaultMultiPaxosOptions,
  MultiPaxos,
  multiPaxosInvariants,
  type Durable,
  type Message,
  type MultiPaxosEnvironment,
  type MultiPaxosNode,
  type MultiPaxosOptions,
  type MultiPaxosState,
} from '../../protocols/multi-paxos/index.ts'
import type { EngineNode, LogEngineParts } from '../log-engine/engine-world.ts'

/** Multi-Paxos for small worlds; `create` makes one that is watched, or has a rule less. */
export function multiPaxosParts(
  given: Partial<MultiPaxosOptions> = {},
  create = (env: MultiPaxosEnvironment, options: MultiPaxosOptions): MultiPaxos => new MultiPaxos(env, options),
): LogEngineParts<MultiPaxosState, Message, Durable, MultiPaxosNode> {
  const options = { ...defaultMultiPaxosOptions, ...given }
  return {
    name: 'Multi-Paxos',
    create: (env) => create(env, options),
    invariants: multiPaxosInvariants,
    look: (node: EngineNode<MultiPaxosState>) =>
      Object.create(node, { alpha: { value: options.alpha } }) as MultiPaxosNode,
  }
}
