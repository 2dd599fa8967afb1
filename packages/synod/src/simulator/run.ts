import type { Milliseconds, NodeId, Watch } from '../core/index.ts'
import { Administrator } from './administrator.ts'
import { Clients, type Tally } from './clients.ts'
import { Inflictor } from './inflict.ts'
import { demandProgress } from './liveness.ts'
import type { Plan } from './plan.ts'
import { Endless } from './schedule.ts'
import type { Figure, Play, Situation, Subject } from './subject.ts'
import { Trace } from './trace.ts'
import type { Deviation } from './virtual-link.ts'
import type { VirtualNode } from './virtual-node.ts'
import { World, type Inhabitant } from './world.ts'

/** What was broken, when, and after how many events of the world. */
export interface Violation {
  readonly invariant: string
  readonly message: string
  readonly at: Milliseconds
  readonly event: number
}

/** What came of a run. */
export interface Outcome {
  readonly violation: Violation | undefined
  /** It came to its end, and what was seen was judged as a whole. */
  readonly judged: boolean
  /** Equal for equal runs. */
  readonly trace: Trace
  readonly simulated: Milliseconds
  readonly answers: Tally
  /** How the administrator's errands ended. */
  readonly errands: Tally
  readonly reached: readonly string[]
  /** How often each fault took effect, and each type of errand was done. */
  readonly fired: ReadonlyMap<string, number>
  /** Faults and types of errands that the plan has, and that never took effect. */
  readonly silent: readonly string[]
  /** What chance made of single frames. */
  readonly deviations: readonly Deviation[]
  /** The core that had to get on, and how long it took; undefined: there was none, or it was not asked. */
  readonly progress: { readonly core: readonly NodeId[]; readonly took: Milliseconds } | undefined
  readonly figures: readonly Figure[]
}

export interface RunOptions {
  /** Ends with the last event: what was seen is not judged as a whole. */
  readonly unjudged?: boolean
  /** Keeps the hash after each event, for finding the first difference between two runs. */
  readonly keepSteps?: boolean
  /** Called after each event, and while the run is judged: whoever waits for it sees that it goes on. */
  readonly beat?: (() => void) | undefined
  readonly log?: (at: Milliseconds, id: NodeId, level: string, message: string, fields: object | undefined) => void
}

/**
 * Plays a plan: the same plan is the same run, in every home. First safety, under faults, with every invariant asserted
 * after every event; then liveness, when a core is healed; then what the clients saw is judged. Ends at the first
 * violation.
 */
export function simulate<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  plan: Plan,
  options: RunOptions = {},
): Outcome {
  return new Run(subject, plan, options).outcome()
}

class Run<Dweller extends Inhabitant, Node> {
  private readonly plan: Plan
  private readonly world: World<Dweller>
  private readonly play: Play<Dweller, Node>
  private readonly inflictor: Inflictor<Dweller>
  private readonly clients: Clients<Dweller, Node>
  private readonly administrator: Administrator<Dweller, Node>
  private readonly watches: readonly { readonly name: string; readonly watch: Watch<Node> }[]
  private unreached: { readonly name: string; readonly watch: ReturnType<Situation<Node>['watch']> }[]
  private readonly reached: string[] = []
  private readonly deviations: Deviation[] = []
  private readonly nodes: Node[] = []
  private readonly unjudged: boolean
  private readonly beat: RunOptions['beat']
  private violation: Violation | undefined

  constructor(subject: Subject<Dweller, Node>, plan: Plan, options: RunOptions) {
    this.plan = plan
    const { log, unjudged = false } = options
    this.unjudged = unjudged
    this.beat = options.beat
    this.world = new World<Dweller>({
      ...plan,
      skew: (id) => plan.skew[id] ?? 0,
      member: (id, ports, diskId) => this.play.member(id, ports, diskId),
      trace: new Trace(options.keepSteps),
      ...(log === undefined
        ? {}
        : { log: (id, level, message, fields) => log(this.world.now, id, level, message, fields) }),
    })
    this.play = subject.play(plan, {
      world: this.world,
      now: () => this.world.now,
      violation: (invariant, message) => this.broke(invariant, message),
      beat: () => this.beat?.(),
    })
    this.watches = this.play.invariants.map(({ name, watch }) => ({ name, watch: watch() }))
    this.unreached = this.play.situations.map(({ name, watch }) => ({ name, watch: watch() }))
    this.inflictor = new Inflictor(this.world, plan.duration)
    this.clients = new Clients(this.world, this.play, subject.pace * 20)
    this.administrator = new Administrator(this.world, this.play, plan)
    this.world.onEvent = (node) => this.check(node)
    this.world.onDeviation = (deviation) => this.deviations.push(deviation)
    for (const { link, frame, fate } of plan.deviations)
      if (this.world.hasLink(link)) this.world.link(link).planned.set(frame, fate)
  }

  outcome(): Outcome {
    const { world, plan } = this
    this.guarded(() => {
      for (const id of plan.nodes) world.start(id)
    })
    for (const fault of plan.faults) this.inflictor.inflict(fault)
    for (const errand of plan.errands) this.administrator.expect(errand)
    this.clients.expect(plan.operations)
    this.advance(plan.duration)
    // Whatever keeps nodes out of a core is none of the plan's faults.
    const faults = new Map(world.fired)
    const progress = this.violation === undefined && plan.patience > 0 ? this.liveness() : undefined
    const judged = this.violation === undefined && !this.unjudged
    if (judged) this.guarded(() => this.play.judge())
    const fired = new Map<string, number>([...faults, ...this.administrator.done])
    const configured = new Set<string>([...plan.faults, ...plan.errands].map(({ type }) => type))
    return {
      violation: this.violation,
      judged,
      trace: world.trace,
      simulated: world.now,
      answers: this.clients.tally,
      errands: this.administrator.tally,
      reached: this.reached,
      fired,
      silent: [...configured].filter((type) => !fired.has(type)),
      deviations: this.deviations,
      progress,
      figures: this.play.figures?.() ?? [],
    }
  }

  /** Runs for so long, or until something is broken, or until `done`. */
  private advance(duration: Milliseconds, done?: () => boolean): boolean {
    let isDone = false
    this.guarded(() => {
      isDone = this.world.run(duration, () => {
        this.beat?.()
        return this.violation !== undefined || done?.() === true
      })
    })
    return isDone && this.violation === undefined
  }

  private liveness(): Outcome['progress'] {
    const { world, play, administrator, plan } = this
    return demandProgress({
      world,
      play,
      underWay: () => administrator.isWaiting,
      patience: plan.patience,
      advance: (duration, done) => this.advance(duration, done),
      violation: (message) => this.broke('progress', message),
    })
  }

  /** An assertion inside a member is a violation like any other; so is that time does not go on. */
  private guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (error instanceof Endless) return this.broke('time goes on', error.message)
      const message = error instanceof Error ? error.message : String(error)
      // What is particular to this run stands behind a colon, or is a number.
      const [claim = message] = message.split(/[:\d]/, 1)
      this.broke(`assertion: ${claim.trim()}`, message)
    }
  }

  private broke(invariant: string, message: string): void {
    const { world } = this
    this.violation ??= { invariant, message, at: world.now, event: world.trace.count }
  }

  private check(at: VirtualNode<Dweller>): void {
    const { id } = at
    this.clients.look(at)
    if (this.violation !== undefined) return
    if (at.halted !== undefined) {
      const { code, message } = at.halted
      if (!this.play.mayHalt(id, code)) this.broke('no halt without a cause', `${id} stopped by itself: ${message}`)
      return
    }
    if (at.member === undefined) return
    if (this.play.changed?.(id) === false) return
    const node = this.play.node(id)
    if (node === undefined) return
    if (!this.nodes.includes(node)) this.nodes.push(node)
    for (const { name, watch } of this.watches) {
      const broken = watch(node, this.nodes)
      if (broken !== undefined) return this.broke(name, broken)
    }
    for (const situation of this.unreached) {
      if (!situation.watch(node, this.nodes)) continue
      this.reached.push(situation.name)
      this.unreached = this.unreached.filter((other) => other !== situation)
    }
  }
}
