import { present } from '../core/index.ts'
import { encode } from './encoding.ts'
import { Interner } from './interner.ts'
import type { Change, Model, ModelProperty, ModelRenaming, ModelState } from './model.ts'
import { countable, type Property, type Space } from './space.ts'
import { Symmetry, widened, type Renaming } from './symmetry.ts'

/** A specification as a space: a slot for each process and one for what they share, and a bit for each message. */
export class ModelSpace<Process, Shared, Message> implements Space {
  readonly properties: readonly Property[]
  private readonly model: Model<Process, Shared, Message>
  private readonly tests: readonly ModelProperty<Process, Shared, Message>[]
  private readonly slots: number
  private readonly processes = new Interner<Process>()
  private readonly shared = new Interner<Shared>()
  private readonly messages = new Interner<Message>()
  private readonly events = new Interner<string>()
  readonly representative: ((state: Int32Array) => Int32Array) | undefined
  private next: Int32Array

  constructor(model: Model<Process, Shared, Message>) {
    this.model = model
    this.tests = model.properties ?? []
    this.properties = countable(this.tests.map(({ name, kind }) => ({ name, kind })))
    this.slots = present(model.initial[0], 'a model has an initial state').processes.length + 1
    this.next = new Int32Array(this.slots)
    const renamings = model.symmetry?.map((renaming) => this.renaming(renaming))
    const symmetry = renamings && new Symmetry(this.slots, renamings)
    this.representative = symmetry && ((state) => symmetry.canonical(state))
  }

  get width(): number {
    return this.slots + ((this.messages.size + 31) >>> 5)
  }

  starts(visit: (state: Int32Array) => void): void {
    for (const { processes, shared, messages } of this.model.initial) {
      this.next.fill(0)
      for (const [i, process] of processes.entries()) this.next[i] = this.processes.number(process)
      this.next[this.slots - 1] = this.shared.number(shared)
      this.send(messages)
      visit(this.next)
    }
  }

  successors(state: Int32Array, visit: (next: Int32Array, event: number) => void): void {
    this.model.actions(this.decoded(state), (action, change) => {
      // Renamings may have brought messages that nobody has sent so far.
      if (this.next.length < this.width) this.next = new Int32Array(this.width)
      this.next.set(state)
      this.next.fill(0, state.length)
      this.apply(change)
      visit(this.next, this.events.number(action, action))
    })
  }

  judge(state: Int32Array, open: number): number {
    if (this.tests.length === 0) return 0
    const decoded = this.decoded(state)
    let decided = 0
    for (const [i, test] of this.tests.entries()) {
      if ((open & (1 << i)) === 0) continue
      const decides = test.kind === 'always' ? test.broken(decoded) !== undefined : test.seen(decoded)
      if (decides) decided |= 1 << i
    }
    return decided
  }

  eventText(event: number): string {
    return this.events.value(event)
  }

  finding(state: Int32Array, property: number): string {
    const test = this.tests[property]
    return test?.kind === 'always' ? (test.broken(this.decoded(state)) ?? '') : (test?.name ?? '')
  }

  stateText(state: Int32Array): string {
    return encode(this.decoded(state))
  }

  leftOut(): readonly string[] {
    return []
  }

  statistics(): Readonly<Record<string, number>> {
    return { 'process values': this.processes.size, 'shared values': this.shared.size, messages: this.messages.size }
  }

  private decoded(state: Int32Array): ModelState<Process, Shared, Message> {
    const processes = Array.from({ length: this.slots - 1 }, (_, i) => this.processes.value(state[i] ?? 0))
    const messages: Message[] = []
    for (let word = this.slots; word < state.length; word++)
      for (let bits = state[word] ?? 0; bits !== 0; bits &= bits - 1)
        messages.push(this.messages.value(32 * (word - this.slots) + 31 - Math.clz32(bits & -bits)))
    return { processes, shared: this.shared.value(state[this.slots - 1] ?? 0), messages }
  }

  private apply({ process, shared, sends = [] }: Change<Process, Shared, Message>): void {
    if (process !== undefined) this.next[process[0]] = this.processes.number(process[1])
    if (shared !== undefined) this.next[this.slots - 1] = this.shared.number(shared)
    this.send(sends)
  }

  private send(messages: readonly Message[]): void {
    for (const message of messages) {
      const number = this.messages.number(message)
      const word = this.slots + (number >>> 5)
      if (word >= this.next.length) this.next = widened(this.next, word + 1)
      this.next[word] = (this.next[word] ?? 0) | (1 << (number & 31))
    }
  }

  private renaming(renaming: ModelRenaming<Process, Shared, Message>): Renaming {
    const last = this.slots - 1
    return {
      slot: (slot) => (slot === last ? last : renaming.number(slot)),
      component: (number, slot) =>
        slot === last
          ? this.shared.number(renaming.shared(this.shared.value(number)))
          : this.processes.number(renaming.process(this.processes.value(number))),
      item: (number) => this.messages.number(renaming.message(this.messages.value(number))),
    }
  }
}
