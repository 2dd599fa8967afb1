import type { NodeId, Protocol } from '../../../core/index.ts'
import type { Envelope, NetworkKind, System } from '../../actors/system.ts'
import { RegisterClient, type AnswerCounts, type ClientState } from './client.ts'
import { isLinearizable, registerHistory, type RegisterHistory } from './history.ts'
import { nameOf, nothing, type RegisterEnvironment, type RegisterMessage } from './messages.ts'

export interface RegisterBounds {
  readonly clients: number
  readonly servers: number
  readonly network?: NetworkKind
  readonly answerCounts?: AnswerCounts
}

type Server<State, Internal> = Protocol<State, RegisterMessage<Internal>, never>

export type RegisterSystem<State, Internal> = System<
  Protocol<State | ClientState, RegisterMessage<Internal>, never>,
  RegisterEnvironment<Internal>,
  RegisterHistory
>

/** Servers of one kind, and clients of which each puts a value of its own and then gets one. */
export function registerSystem<State, Internal extends { readonly type: string }>(
  { clients, servers, network = 'multiset', answerCounts = 'accepted' }: RegisterBounds,
  server: (env: RegisterEnvironment<Internal>, self: NodeId, peers: readonly NodeId[]) => Server<State, Internal>,
): RegisterSystem<State, Internal> {
  const nodes = Array.from({ length: servers + clients }, (_, i) => nameOf(i))
  return {
    nodes,
    make(env, self) {
      const number = nodes.indexOf(self)
      if (number < servers)
        return server(
          env,
          self,
          nodes.slice(0, servers).filter((node) => node !== self),
        )
      // To a client, servers' own messages are nothing.
      return new RegisterClient(env, number, servers, answerCounts)
    },
    abilities: ['invoked', 'answered'],
    network,
    history: registerHistory,
    properties: [
      {
        kind: 'always',
        name: 'linearizable',
        brokenHistory: (history) =>
          isLinearizable(history) ? undefined : 'no order of the operations explains the answers',
      },
      {
        kind: 'sometimes',
        name: 'a value is read',
        sent: (message) => message.type === 'getOk' && 'value' in message && message.value !== nothing,
      },
    ],
  }
}

const variants = ['put', 'get', 'putOk', 'getOk']

/** By source, destination, kind and contents. */
export function bySourceAndDestination(
  a: Envelope<RegisterMessage<never>>,
  b: Envelope<RegisterMessage<never>>,
): number {
  const key = ({ from, to, message }: Envelope<RegisterMessage<never>>): string =>
    `${from}${to}${variants.indexOf(message.type)} ${message.request} ${'value' in message ? message.value : ''}`
  return key(a) < key(b) ? -1 : 1
}
