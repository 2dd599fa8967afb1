import { choose, type NodeId, type RandomState } from '../../core/index.ts'
import {
  BenOr,
  benOrCodec,
  benOrInvariants,
  defaultBenOrOptions,
  type BenOrEnvironment,
  type BenOrOptions,
  type BenOrState,
  type Durable,
  type Message,
} from '../../protocols/ben-or/index.ts'
import {
  consensusInvariants,
  describeProtocol,
  type Json,
  type Participant,
  type ParticipantNode,
  type Subject,
} from '../../simulator/index.ts'
import { lying } from './liar.ts'

export interface BenOrSettings {
  readonly benOr: Partial<BenOrOptions>
  /** Who lies; more than f of them break it. */
  readonly liars: readonly NodeId[]
}

/** Ben-Or's algorithm in a simulated world: `synod simulate ben-or`. */
export const benOrSubject: Subject<
  Participant<BenOr, Message, Durable>,
  ParticipantNode<BenOrState>
> = describeProtocol({
  name: 'ben-or',
  make: (env: BenOrEnvironment, nodes: readonly NodeId[], settings: Json) => {
    const { liars } = settingsOf(settings)
    return new BenOr(liars.includes(env.self) ? lying(env) : env, nodes, optionsOf(settings, nodes.length))
  },
  codec: benOrCodec,
  sizes: [1, 2, 3, 3, 4, 5, 6, 7],
  pace: 300,
  inputs: { propose: (stream) => (choose(stream, 2) === 0 ? 0 : 1) },
  settings: drawSettings,
  invariants: [...consensusInvariants, ...benOrInvariants],
  quorum: (nodes, settings) => nodes - optionsOf(settings, nodes).f,
  liars: (settings) => settingsOf(settings).liars,
  situations: [
    {
      name: 'a third round',
      watch:
        () =>
        ({ state }) =>
          state.round > 2,
    },
    {
      name: 'a value is taken over',
      watch:
        () =>
        ({ state }) =>
          isTakenOver(state),
    },
    {
      name: 'a proposal of nothing',
      watch:
        () =>
        ({ state }) =>
          state.said.some(({ proposal }) => proposal === '?'),
    },
    {
      name: 'a vote of a later round',
      watch:
        () =>
        ({ state }) =>
          state.heard.some(({ round }) => round > state.round),
    },
    {
      name: 'going on after a restart',
      watch:
        () =>
        ({ state, incarnation }) =>
          incarnation > 1 && state.round > 1,
    },
    { name: 'two rounds at once', watch: () => (_, nodes) => new Set(nodes.map(({ state }) => state.round)).size > 2 },
  ],
})

function settingsOf(settings: Json): BenOrSettings {
  return { benOr: {}, liars: [], ...(settings as Partial<BenOrSettings> | null) }
}

function optionsOf(settings: Json, nodes: number): BenOrOptions {
  const { benOr } = settingsOf(settings)
  const f = Math.floor((nodes - 1) / (benOr.faults === 'byzantine' ? 5 : 2))
  return { ...defaultBenOrOptions, f, ...benOr }
}

function drawSettings(stream: RandomState, nodes: readonly NodeId[]): Json {
  const seed = choose(stream, 1_000_000)
  const confirmed = choose(stream, 2) === 0
  if (nodes.length > 5 && choose(stream, 2) === 0)
    return { benOr: { faults: 'byzantine' }, liars: [nodes[choose(stream, nodes.length)] ?? ''] }
  return choose(stream, 2) === 0 ? { benOr: {} } : { benOr: { coin: { type: 'common', seed, confirmed } } }
}

function isTakenOver({ said }: BenOrState): boolean {
  return said.some(({ report, proposal }, i) => {
    const next = said[i + 1]?.report
    return proposal === '?' && next !== undefined && report !== undefined && next !== report
  })
}
