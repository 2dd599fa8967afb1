import { choose, present, type Milliseconds, type NodeId, type RandomState } from '../../core/index.ts'
import {
  detectorCodec,
  promises,
  Watchman,
  watchmanInvariants,
  type DetectorMessage,
  type DetectorOptions,
  type Life,
  type WatchmanEnvironment,
  type WatchmanState,
} from '../../protocols/failure-detectors/index.ts'
import {
  describeProtocol,
  type Json,
  type Participant,
  type ParticipantNode,
  type Plan,
  type Play,
  type Situation,
  type Stage,
  type Subject,
} from '../../simulator/index.ts'
import type { AsJson } from '../as-json.ts'
import { DetectorQuality } from './detector-quality.ts'

type Dweller = Participant<Watchman, DetectorMessage, Life>
type Node = ParticipantNode<WatchmanState>

/** Which detector a run has. */
export interface DetectorSettings {
  /** In figures. */
  readonly name: string
  readonly options: DetectorOptions
}

const pace: Milliseconds = 1000
const interval = { intervalMin: pace / 20, intervalMax: pace / 10 }
const arrivals = { expected: pace / 13, samples: 100, deviationMin: pace / 100, lookEvery: pace / 50 }
/** From impatient to patient. */
const timeouts: readonly Milliseconds[] = [150, 300, 600, 1200]
const thresholds: readonly number[] = [1, 3, 8, 12]

/** All that are measured beside each other, each with several degrees of patience. */
export const detectorSettings: readonly AsJson<DetectorSettings>[] = [
  ...timeouts.flatMap((timeout): AsJson<DetectorSettings>[] => {
    const patience = { ...interval, timeout, growth: timeout / 4, grace: pace / 100 }
    const gossip = { gossipMin: interval.intervalMin, gossipMax: interval.intervalMax }
    return [
      { name: `heartbeat ${timeout} ms`, options: { kind: 'heartbeat', ...patience } },
      { name: `ring ${timeout} ms`, options: { kind: 'ring', ...patience } },
      { name: `gossip ${timeout} ms`, options: { kind: 'gossip', ...patience, ...gossip } },
    ]
  }),
  ...thresholds.flatMap((threshold): AsJson<DetectorSettings>[] =>
    (['normal', 'exponential'] as const).map((distribution) => ({
      name: `φ ${distribution} ${threshold}`,
      options: { kind: 'accrual', ...interval, ...arrivals, threshold, distribution },
    })),
  ),
]

const situations: readonly Situation<Node>[] = [
  { name: 'somebody is suspected', watch: () => (node) => suspectedBy(node).length > 0 },
  {
    name: 'all others are',
    watch: () => (node, nodes) => nodes.length > 2 && suspectedBy(node).length === nodes.length - 1,
  },
  {
    name: 'a suspicion is taken back',
    watch: () => {
      const before = new Map<NodeId, readonly NodeId[]>()
      return (node) => {
        const was = before.get(node.id) ?? []
        before.set(node.id, suspectedBy(node))
        return was.some((id) => !suspectedBy(node).includes(id))
      }
    },
  },
  {
    name: 'somebody is heard in another life',
    watch:
      () =>
      ({ state: { detection } }) =>
        Object.values(detection.output.heard).some(({ incarnation }) => incarnation > 1),
  },
]

function suspectedBy({ state }: Node): readonly NodeId[] {
  return state.detection.output.suspected
}

const described = describeProtocol({
  name: 'failure-detectors',
  make: (env: WatchmanEnvironment, nodes: readonly NodeId[], settings: Json) =>
    new Watchman(env, nodes, (settings as AsJson<DetectorSettings>).options),
  codec: detectorCodec,
  sizes: [2, 3, 3, 4, 5],
  pace,
  settings: (stream: RandomState) =>
    present(detectorSettings[choose(stream, detectorSettings.length)], 'there is a choice'),
  invariants: watchmanInvariants,
  situations,
})

/** Watchmen, each with a detector that the seed draws, held to its class once the faults are over. */
export const detectorSubject: Subject<Dweller, Node> = watched(described)

/** The same for P: processes crash, and that for good, and links lose some of what is said, never for long all of it. */
export const perfectDetectorSubject: Subject<Dweller, Node> = watched({
  ...describeProtocol({
    name: 'perfect-failure-detector',
    make: (env: WatchmanEnvironment, nodes: readonly NodeId[], settings: Json) =>
      new Watchman(env, nodes, (settings as AsJson<DetectorSettings>).options),
    codec: detectorCodec,
    sizes: [2, 3, 4, 5],
    pace,
    settings: (): Json => ({ name: 'P', options: perfectOptions }),
    invariants: watchmanInvariants,
    situations: situations.slice(0, 1),
    quorum: 'all that work',
    recovers: false,
    faults: ['crash', 'loss', 'duplication'],
  }),
})

/** Links may be silent for a tenth of what progress is given, and that is four times the pace. */
const perfectOptions: AsJson<DetectorOptions> = { kind: 'perfect', ...interval, delayMax: 6 * pace }

/**
 * A class says "eventually", and "for ever": so long is taken for that. With a low threshold φ is made to be wrong now and then,
 * once in ten heartbeats at 1: being right at one moment is all that can be asked of it.
 */
function forEver(options: DetectorOptions): Milliseconds {
  return options.kind === 'accrual' && options.threshold < 8 ? 0 : 3 * pace
}

/** What a described protocol cannot say: what it may be held to depends on who really runs. */
function watched(subject: Subject<Dweller, Node>): Subject<Dweller, Node> {
  return {
    ...subject,
    play(plan, stage) {
      const judge = new ClassJudge(plan, stage)
      const play = subject.play(plan, stage)
      return Object.assign(play, {
        invariants: [...play.invariants, { name: 'strong accuracy', watch: () => (node: Node) => judge.look(node) }],
        settled: (core: readonly NodeId[]) => judge.settled(core, play),
        waitsFor: (id: NodeId) =>
          `suspects ${play.node(id) === undefined ? 'nobody yet' : judge.suspectedBy(id).join(', ') || 'nobody'}`,
        figures: () => judge.quality.figures(judge.name),
      })
    },
  }
}

class ClassJudge {
  readonly name: string
  readonly quality: DetectorQuality
  private readonly options: DetectorOptions
  private readonly plan: Plan
  private readonly stage: Stage<Dweller>
  private readonly seen = new Map<NodeId, Node>()
  /** Since when the class has been kept. */
  private since: Milliseconds | undefined
  private asked = false

  constructor(plan: Plan, stage: Stage<Dweller>) {
    const { name, options } = plan.settings as DetectorSettings
    this.name = name
    this.options = options
    this.plan = plan
    this.stage = stage
    this.quality = new DetectorQuality(plan.nodes)
  }

  suspectedBy(id: NodeId): readonly NodeId[] {
    const node = this.seen.get(id)
    return node === undefined ? [] : suspectedBy(node)
  }

  /** After every event. P must never be wrong; the others may, and are measured. */
  look(node: Node): string | undefined {
    this.seen.set(node.id, node)
    // After that, links are silent to find out who gets on: nobody's mistake.
    if (this.stage.now() <= this.plan.duration)
      this.quality.look(
        node.id,
        this.stage.now(),
        (id) => this.isUp(id),
        (id) => suspectedBy(node).includes(id),
      )
    if (promises[this.options.kind].accuracy !== 'strong') return undefined
    const wrongly = suspectedBy(node).find((id) => this.isUp(id))
    return wrongly === undefined ? undefined : `${node.id} suspects ${wrongly}, which runs`
  }

  /** Whether the core's detectors keep their class, and have for long enough. */
  settled(core: readonly NodeId[], play: Play<Dweller, Node>): boolean {
    if (!this.asked) this.crashOthers(core)
    this.asked = true
    const keeps = core.every((id) => play.node(id) !== undefined) && this.isComplete(core) && this.isAccurate(core)
    const now = this.stage.now()
    this.since = keeps ? (this.since ?? now) : undefined
    return this.since !== undefined && now - this.since >= forEver(this.options)
  }

  /**
   * What is gossiped is believed: whoever runs and hears nobody accuses everybody for ever, and then the detector below is
   * not one of ◊W.
   */
  private crashOthers(core: readonly NodeId[]): void {
    const { world } = this.stage
    const others =
      this.options.kind === 'gossip' ? this.plan.nodes.filter((id) => !core.includes(id) && this.isUp(id)) : []
    for (const id of others) world.schedule.after(0, () => world.kill(id))
  }

  /** Of who crashed. */
  private isComplete(core: readonly NodeId[]): boolean {
    const watching = this.plan.nodes.filter((id) => this.isUp(id))
    return this.plan.nodes.every((dead) => {
      if (this.isUp(dead)) return true
      const suspect = (id: NodeId): boolean => this.suspectedBy(id).includes(dead)
      return promises[this.options.kind].completeness === 'strong' ? core.every(suspect) : watching.some(suspect)
    })
  }

  /** Of the core. All that are here are even strong, eventually. */
  private isAccurate(core: readonly NodeId[]): boolean {
    return core.every((id) => !this.suspectedBy(id).some((other) => core.includes(other)))
  }

  private isUp(id: NodeId): boolean {
    return this.stage.world.node(id).member?.phase === 'running'
  }
}
