import type { Milliseconds, NodeId } from '../core/index.ts'
import { lossyNodes, type Fault } from './faults.ts'
import type { Plan } from './plan.ts'
import { simulate, type Outcome, type Violation } from './run.ts'
import type { Subject } from './subject.ts'
import type { Inhabitant } from './world.ts'

export interface ShrinkOptions {
  /** Told of each smaller plan that still fails. */
  readonly progress?: (plan: Plan, runs: number) => void
  /** Asked before each run; true: what was found so far is the answer. */
  readonly enough?: () => boolean
  /** Called after each event of each run. */
  readonly beat?: (() => void) | undefined
}

export interface Shrunk {
  readonly plan: Plan
  readonly outcome: Outcome & { readonly violation: Violation }
  readonly runs: number
}

/** How many events from outside a plan lists: what somebody has to read. */
export function sizeOf(plan: Plan): number {
  return plan.operations.length + plan.faults.length + plan.errands.length + plan.deviations.length
}

/**
 * Makes the plan of a failing run as small as it goes while the *same* invariant fails: what comes after the failure;
 * then whole kinds of faults, clients, nodes; then single events (delta debugging: Zeller and Hildebrandt 2002; with the
 * schedule inside derived anew each time: DEMi, NSDI'16); what chance did to frames becomes a list of single fates that
 * is made shorter too; and times are rounded.
 */
export function shrink<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  plan: Plan,
  invariant: string,
  options: ShrinkOptions = {},
): Shrunk | undefined {
  return new Shrinker(subject, invariant, options).shrink(plan)
}

/** The lists of a plan, of which each event may be left out. */
const lists = ['operations', 'faults', 'errands', 'deviations'] as const
/** Those of them whose events have a time. */
const timed = ['operations', 'faults', 'errands'] as const
type Timed = Pick<Plan, (typeof timed)[number]>

class Shrinker<Dweller extends Inhabitant, Node> {
  private readonly subject: Subject<Dweller, Node>
  private readonly invariant: string
  private readonly options: ShrinkOptions
  private best: Shrunk | undefined
  private runs = 0

  constructor(subject: Subject<Dweller, Node>, invariant: string, options: ShrinkOptions) {
    this.subject = subject
    this.invariant = invariant
    this.options = options
  }

  shrink(plan: Plan): Shrunk | undefined {
    if (!this.fails(plan)) return undefined
    this.cutShort()
    this.leaveOut()
    this.calm()
    // Less depends on chance by now.
    this.leaveOut()
    this.round()
    return this.best
  }

  private leaveOut(): void {
    for (let before = Infinity; this.size < before && !this.enough();) {
      before = this.size
      this.withoutKinds()
      this.withoutClients()
      this.withoutNodes()
      // From coarse to fine over all lists together: what goes early makes every later run cheaper.
      for (let parts = 2; parts / 2 < this.size && !this.enough(); parts *= 2) {
        this.slices(parts)
        for (const name of lists) this.list(name, parts)
        if (parts === 8) this.chanceToFates()
      }
      this.chanceToFates()
      this.closeGaps()
      this.cutShort()
    }
  }

  private get size(): number {
    return this.best === undefined ? Infinity : sizeOf(this.best.plan)
  }

  private get plan(): Plan {
    if (this.best === undefined) throw new TypeError('nothing has failed yet')
    return this.best.plan
  }

  private enough(): boolean {
    return this.options.enough?.() ?? false
  }

  /**
   * Whether this plan still breaks the invariant; then it is the one to go on from. A race that a removed event decided
   * may be decided by chance as well: a short run is tried under a few more seeds.
   */
  private fails(smaller: Plan): boolean {
    const plan = this.best === undefined ? smaller : withoutStrangers(smaller, this.plan)
    // With fewer nodes, losses that were survived are too many: another failure, and nobody's fault.
    if (this.best !== undefined && !this.isBearable(plan) && this.isBearable(this.plan)) return false
    const events = this.best?.outcome.trace.count ?? Infinity
    const seeds = events < 3000 ? 8 : events < 16_000 ? 4 : 1
    for (let more = 0; more < seeds; more++) {
      if (this.best !== undefined && this.enough()) return false
      if (this.broke(more === 0 ? plan : { ...plan, seed: plan.seed + more * 1_000_003 })) return true
    }
    return false
  }

  /** So few disks lose what was durable that the subject promises to survive it. */
  private isBearable({ faults, nodes }: Plan): boolean {
    return lossyNodes(faults).length <= this.subject.frail(nodes.length)
  }

  private broke(plan: Plan): boolean {
    this.runs++
    // What is broken on the way need not be looked for at the end.
    const unjudged = this.best !== undefined && !this.best.outcome.judged
    const outcome = simulate(this.subject, plan, { unjudged, beat: this.options.beat })
    const { violation } = outcome
    if (violation?.invariant !== this.invariant) return false
    this.best = { plan, outcome: { ...outcome, violation }, runs: this.runs }
    this.options.progress?.(plan, this.runs)
    return true
  }

  private with(change: Partial<Plan>): boolean {
    return this.fails({ ...this.plan, ...change })
  }

  /** Nothing after the failure matters; and a failure of safety needs no liveness. */
  private cutShort(): void {
    const { plan } = this
    const end = this.best?.outcome.violation.at ?? plan.duration
    if (end < plan.duration) {
      const duration = Math.ceil(end)
      const before = ({ at }: { at: Milliseconds }): boolean => at <= end
      this.with({ duration, patience: 0, ...onlyThose(plan, before) })
    } else if (this.invariant !== 'progress') {
      this.with({ patience: 0 })
    }
  }

  private withoutKinds(): void {
    for (const kind of new Set(this.plan.faults.map(({ type }) => type))) {
      this.with({ faults: this.plan.faults.filter(({ type }) => type !== kind) })
    }
    for (const kind of new Set(this.plan.errands.map(({ type }) => type))) {
      this.with({ errands: this.plan.errands.filter(({ type }) => type !== kind) })
    }
  }

  private withoutClients(): void {
    for (const client of new Set(this.plan.operations.map((operation) => operation.client))) {
      this.with({ operations: this.plan.operations.filter((operation) => operation.client !== client) })
    }
  }

  private withoutNodes(): void {
    const { nodes } = this.plan
    for (const gone of newcomersOf(this.plan).toReversed()) this.fails(withoutNode(this.plan, gone))
    for (const gone of nodes.toReversed()) {
      if (this.plan.nodes.length === 1) return
      this.fails(withoutNode(this.plan, gone))
    }
  }

  /** Whole stretches of time without anything from outside. */
  private slices(parts: number): void {
    const length = this.plan.duration / parts
    for (let part = 0; part < parts && !this.enough(); part++) {
      const [from, to] = [part * length, (part + 1) * length]
      const outside = ({ at }: { at: Milliseconds }): boolean => at < from || at >= to
      const left = onlyThose(this.plan, outside)
      if (timed.some((name) => left[name].length < this.plan[name].length)) this.with(left)
    }
  }

  /** Delta debugging: one of the lists without each of so many parts of it. */
  private list(name: (typeof lists)[number], parts: number): void {
    const all = (): readonly unknown[] => this.plan[name]
    const size = Math.ceil(all().length / parts)
    if (size === 0) return
    // From the end: what is late is needed least.
    for (let end = all().length; end > 0 && !this.enough(); end = Math.min(end - size, all().length)) {
      this.with({ [name]: [...all().slice(0, Math.max(0, end - size)), ...all().slice(end)] })
    }
  }

  /** Long stretches in which nothing comes from outside are made shorter, the longest first. */
  private closeGaps(): void {
    const { pace } = this.subject
    for (let tries = 0; tries < 20 && !this.enough(); tries++) {
      const { operations, faults, errands } = this.plan
      const times = [0, ...[...operations, ...faults, ...errands].map(({ at }) => at).toSorted((a, b) => a - b)]
      const gaps = times.slice(1).map((at, i) => ({ from: times[i] ?? 0, length: at - (times[i] ?? 0) }))
      const longest = gaps.toSorted((a, b) => b.length - a.length)[tries]
      if (longest === undefined || longest.length < 4 * pace) return
      const by = Math.floor(longest.length - 2 * pace)
      const earlier = <E extends { at: Milliseconds }>(event: E): E =>
        event.at > longest.from ? { ...event, at: event.at - by } : event
      const duration = this.plan.duration - by
      const all = { operations: operations.map(earlier), faults: faults.map(earlier), errands: errands.map(earlier) }
      this.with({ ...all, duration })
    }
  }

  /** What chance did to single frames is written down, and chance is taken out. */
  private chanceToFates(): void {
    const chances = new Set<Fault['type']>(['loss', 'duplication', 'corruption'])
    const { faults } = this.plan
    if (!faults.some(({ type }) => chances.has(type))) return
    const deviations = [...this.plan.deviations, ...(this.best?.outcome.deviations ?? [])]
    const unique = [...new Map(deviations.map((one) => [`${one.link} ${one.frame}`, one])).values()]
    // Only if it leaves less to read.
    const before = this.best
    if (!this.with({ faults: faults.filter(({ type }) => !chances.has(type)), deviations: unique })) return
    for (let parts = 2; parts / 2 < this.plan.deviations.length; parts *= 2) this.list('deviations', parts)
    if (before !== undefined && this.size > sizeOf(before.plan)) this.best = before
  }

  /** A world without jitter is easier to follow. */
  private calm(): void {
    if (Object.keys(this.plan.skew).length > 0) this.with({ skew: {} })
    this.with({ latency: { kind: 'uniform', min: 1, max: 1 } })
    this.with({ diskTime: { kind: 'uniform', min: 0.1, max: 0.1 } })
    this.with({ syncTime: { kind: 'uniform', min: 1, max: 1 } })
  }

  /** Times, to whole tenths of a second, where that changes nothing. */
  private round(): void {
    for (const name of timed) {
      for (let i = 0; i < this.plan[name].length && !this.enough(); i++) {
        const rounded = this.plan[name].map((event, j) => (i === j ? { ...event, ...roundTimes(event) } : event))
        this.with({ [name]: rounded.toSorted((a, b) => a.at - b.at) })
      }
    }
  }
}

function onlyThose(plan: Plan, wanted: (event: { readonly at: Milliseconds }) => boolean): Timed {
  const { operations, faults, errands } = plan
  return { operations: operations.filter(wanted), faults: faults.filter(wanted), errands: errands.filter(wanted) }
}

function roundTimes(event: { at: Milliseconds; for?: Milliseconds }): { at: Milliseconds; for?: Milliseconds } {
  const coarse = (time: Milliseconds): Milliseconds => Math.round(time / 100) * 100
  return event.for === undefined
    ? { at: coarse(event.at) }
    : { at: coarse(event.at), for: Math.max(100, coarse(event.for)) }
}

function newcomersOf({ errands }: Plan): NodeId[] {
  return errands.flatMap(({ newcomers }) => newcomers.map(({ id }) => id))
}

/** Who came with an errand that is left out never comes: nothing can happen to it any more. */
function withoutStrangers(plan: Plan, before: Plan): Plan {
  const left = newcomersOf(plan)
  const next = newcomersOf(before)
    .filter((id) => !left.includes(id))
    .reduce(withoutNode, plan)
  return newcomersOf(next).length === left.length ? next : withoutStrangers(next, before)
}

function withoutNode(plan: Plan, gone: NodeId): Plan {
  const touches = (link: string): boolean => link.split('>').includes(gone)
  const faults = plan.faults.flatMap((fault): Fault[] => {
    if ('node' in fault) return fault.node === gone ? [] : [fault]
    if ('except' in fault) return [{ ...fault, except: fault.except.filter((id) => id !== gone) }]
    if (!('links' in fault)) return [fault]
    const links = fault.links.filter((link) => !touches(link))
    return links.length === 0 ? [] : [{ ...fault, links }]
  })
  return {
    ...plan,
    nodes: plan.nodes.filter((id) => id !== gone),
    skew: Object.fromEntries(Object.entries(plan.skew).filter(([id]) => id !== gone)),
    faults,
    operations: plan.operations.filter(({ node }) => node !== gone),
    errands: plan.errands.flatMap((errand) => {
      const nodes = errand.nodes.filter((id) => id !== gone)
      return nodes.length === 0 || errand.newcomers.some(({ id }) => id === gone) ? [] : [{ ...errand, nodes }]
    }),
    deviations: plan.deviations.filter(({ link }) => !touches(link)),
  }
}
