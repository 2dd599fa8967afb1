import type { Milliseconds, NodeId } from '../core/index.ts'
import type { ClientOperation } from './plan.ts'
import type { Answer, Play } from './subject.ts'
import { traced } from './trace.ts'
import type { VirtualNode } from './virtual-node.ts'
import type { Inhabitant, World } from './world.ts'

/** How the operations of a run ended. `unsent`: the node that was asked was down. */
export type Tally = Record<Answer | 'unsent', number>

interface UnderWay {
  readonly client: string
  readonly node: NodeId
  readonly life: number
}

/** Clients that ask one thing after the other, and give up on what is not answered in time, or when their node dies. */
export class Clients<Dweller extends Inhabitant, Node> {
  private readonly world: World<Dweller>
  private readonly play: Play<Dweller, Node>
  private readonly patience: Milliseconds
  private readonly busy = new Map<string, UnderWay>()
  private readonly queues = new Map<string, ClientOperation[]>()
  readonly tally: Tally = { ok: 0, rejected: 0, unknown: 0, unsent: 0 }

  constructor(world: World<Dweller>, play: Play<Dweller, Node>, patience: Milliseconds) {
    this.world = world
    this.play = play
    this.patience = patience
  }

  /** Each will be asked at its time, or when its client is free. */
  expect(operations: readonly ClientOperation[]): void {
    this.expectFrom(
      operations.toSorted((a, b) => a.at - b.at),
      0,
    )
  }

  /** One at a time: what else happens should not have to be sorted in among thousands of them. */
  private expectFrom(operations: readonly ClientOperation[], next: number): void {
    const operation = operations[next]
    if (operation === undefined) return
    this.world.schedule.at(operation.at, () => {
      this.expectFrom(operations, next + 1)
      this.ask(operation)
    })
  }

  private ask(operation: ClientOperation): void {
    if (!this.busy.has(operation.client)) return this.send(operation)
    const queue = this.queues.get(operation.client)
    if (queue === undefined) this.queues.set(operation.client, [operation])
    else queue.push(operation)
  }

  private send({ client, node: id, operation }: ClientOperation): void {
    const { world } = this
    const node = world.node(id)
    if (node.member === undefined || node.halted !== undefined) {
      this.tally.unsent++
      return this.askNext(client)
    }
    const { life } = node
    const underWay = { client, node: id, life }
    this.busy.set(client, underWay)
    let answered = false
    world.enter(node, life, traced.operation, 0, () => {
      // The machine may have stood still for longer than the client waits.
      if (this.busy.get(client) !== underWay) return
      this.play.submit(id, client, operation, (how, said = '') => {
        if (this.busy.get(client) !== underWay || answered) return
        answered = true
        world.trace.event(traced.answer, world.now, node.number, sumOf(`${how} ${said}`))
        this.finish(client, how)
      })
    })
    world.schedule.after(this.patience, () => {
      if (this.busy.get(client) === underWay) this.abandon(client)
    })
  }

  /** A node may have died: whoever waited for it finds the connection gone. */
  look(node: VirtualNode<Dweller>): void {
    if (node.member !== undefined && node.halted === undefined) return
    for (const [client, underWay] of this.busy) {
      if (underWay.node === node.id) this.world.schedule.after(1, () => this.lost(client, underWay))
    }
  }

  private lost(client: string, underWay: UnderWay): void {
    if (this.busy.get(client) === underWay) this.abandon(client)
  }

  private abandon(client: string): void {
    this.play.abandoned(client)
    this.finish(client, 'unknown')
  }

  private finish(client: string, how: Answer): void {
    this.tally[how]++
    this.busy.delete(client)
    this.askNext(client)
  }

  private askNext(client: string): void {
    const next = this.queues.get(client)?.shift()
    // Never inside the answer: a client is another process.
    if (next !== undefined) this.world.schedule.after(0, () => this.ask(next))
  }
}

/** FNV-1a over the text's UTF-16 units. */
function sumOf(text: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return sum >>> 0
}
