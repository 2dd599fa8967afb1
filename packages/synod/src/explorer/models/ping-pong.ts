import type { Environment, NodeId, Protocol } from '../../core/index.ts'
import type { NetworkKind, System } from '../actors/system.ts'

interface Message {
  readonly type: 'ping' | 'pong'
  readonly count: number
}

interface State {
  count: number
}

type Env = Environment<Message, never>

/** Two nodes that count together. */
export class PingPong implements Protocol<State, Message, never> {
  state: State = { count: 0 }
  private readonly env: Env

  constructor(env: Env) {
    this.env = env
  }

  restore(): void {}

  start(): void {
    if (this.env.self === 'a') this.env.send('b', { type: 'ping', count: 0 })
  }

  receive({ type, count }: Message, from: NodeId): void {
    if (count !== this.state.count) return
    this.state.count++
    if (type === 'ping') this.env.send(from, { type: 'pong', count })
    else this.env.send(from, { type: 'ping', count: count + 1 })
  }

  timeout(): void {}
}

export interface PingPongBounds {
  /** What a count may be. */
  readonly maxCount: number
  readonly network: NetworkKind
  readonly lossy: boolean
}

export function pingPong({ maxCount, network, lossy }: PingPongBounds): System<PingPong, Env> {
  return {
    nodes: ['a', 'b'],
    make: (env) => new PingPong(env),
    network,
    properties: [
      {
        kind: 'always',
        name: 'counts differ by one at most',
        broken: ({ nodes: [a, b] }) =>
          Math.abs((a?.state.count ?? 0) - (b?.state.count ?? 0)) > 1 ? 'they differ by more' : undefined,
      },
    ],
    bounds: {
      ...(lossy && { losses: 'any' }),
      within: ({ count }) => count <= maxCount,
      withinText: `counts of ${maxCount}`,
    },
  }
}
