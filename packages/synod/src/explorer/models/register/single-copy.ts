import type { NodeId, Protocol } from '../../../core/index.ts'
import { nothing, type ClientMessage, type RegisterEnvironment } from './messages.ts'
import { registerSystem, type RegisterBounds, type RegisterSystem } from './register-system.ts'

interface State {
  value: string
}

/** A register on one server. Two of them do not know each other, and are no register. */
export class SingleCopy implements Protocol<State, ClientMessage, never> {
  state: State = { value: nothing }
  private readonly env: RegisterEnvironment<never>

  constructor(env: RegisterEnvironment<never>) {
    this.env = env
  }

  restore(): void {}
  start(): void {}
  timeout(): void {}

  receive(message: ClientMessage, from: NodeId): void {
    const { request } = message
    if (message.type === 'put') {
      this.state.value = message.value
      this.env.send(from, { type: 'putOk', request })
    } else if (message.type === 'get') {
      this.env.send(from, { type: 'getOk', request, value: this.state.value })
    }
  }
}

export function singleCopyRegister(bounds: RegisterBounds): RegisterSystem<State, never> {
  return registerSystem<State, never>(bounds, (env) => new SingleCopy(env))
}
