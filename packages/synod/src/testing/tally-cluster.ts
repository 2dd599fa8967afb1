import type { Failure, MembershipChange, NodeId } from '../core/index.ts'
import type { Changed } from '../member/index.ts'
import { RaftWorld, type RaftMember, type RaftWorldOptions } from './raft-world.ts'
import { TallyMachine, tallyOperation, type TallyContext } from './tally-machine.ts'

const nodes = ['a', 'b', 'c']

/** Three members around a tally, with clients that wait for their answers. */
export class TallyCluster extends RaftWorld<TallyContext> {
  readonly machines: Map<NodeId, TallyMachine>
  readonly logs: string[]

  constructor(options: Partial<RaftWorldOptions<TallyContext>> = {}) {
    const machines = new Map<NodeId, TallyMachine>()
    const logs: string[] = []
    super({
      seed: 3,
      nodes,
      machine: (id) => {
        const machine = new TallyMachine()
        machines.set(id, machine)
        return machine
      },
      log: (id, level, message) => void logs.push(`${id} ${level} ${message}`),
      ...options,
    })
    this.machines = machines
    this.logs = logs
  }

  startAll(): void {
    for (const id of nodes) this.start(id)
    if (!this.run(10_000, () => this.leader() !== undefined)) throw new Error('nobody was elected within ten seconds')
  }

  /** Submits, runs the world until it is answered, and says how. */
  put(id: NodeId, value: number, patience = 20_000): number | Failure | undefined {
    let answer: number | Failure | undefined
    this.present(id).submit(tallyOperation(value), {
      applied: (position) => (answer = position),
      failed: (error) => (answer = error),
      readable: () => undefined,
    })
    this.run(patience, () => answer !== undefined)
    return answer
  }

  puts(from: number, to: number, at = (): NodeId => this.leader() ?? 'a'): void {
    for (let value = from; value <= to; value++) {
      const answer = this.put(at(), value)
      if (typeof answer !== 'number') throw new Error(`put ${value} was not acknowledged`, { cause: answer })
    }
  }

  read(id: NodeId): readonly number[] | Failure | undefined {
    let answer: readonly number[] | Failure | undefined
    this.present(id).read({
      applied: () => undefined,
      failed: (error) => (answer = error),
      readable: (all) => (answer = [...all]),
    })
    this.run(20_000, () => answer !== undefined)
    return answer
  }

  /** Changes the membership, runs the world until that is answered, and says how. */
  change(at: NodeId, ...changes: MembershipChange[]): Changed | Failure | undefined {
    let answer: Changed | Failure | undefined
    this.present(at).change(changes, (outcome) => (answer = outcome))
    this.run(20_000, () => answer !== undefined)
    return answer
  }

  present(id: NodeId): RaftMember<TallyContext> {
    const member = this.member(id)
    if (member === undefined) throw new Error(`${id} is not running`)
    return member
  }

  followers(): NodeId[] {
    return nodes.filter((id) => id !== this.leader())
  }

  isolate(id: NodeId): void {
    for (const other of nodes) {
      this.cut.add(`${id}>${other}`)
      this.cut.add(`${other}>${id}`)
    }
  }

  heal(): void {
    this.cut.clear()
  }

  agree(): boolean {
    return this.run(20_000, () => new Set(nodes.map((id) => this.machines.get(id)?.operations.join())).size === 1)
  }
}
