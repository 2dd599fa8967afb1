/**
 * Five processes agree on a color, though the coordinator of the first round crashes just when it has heard from a majority.
 *
 *     npx node -C @synod/source examples/chandra-toueg.ts [milliseconds until the crash]
 */
import type { NodeId } from 'synod'
import { ChandraToueg, chandraTouegCodec, type ChandraTouegEnvironment } from 'synod/chandra-toueg'
import { HeartbeatDetector, type HeartbeatState } from 'synod/failure-detectors'
import { describeProtocol, drawPlan, jsonCommand, simulate } from 'synod/simulator'

class Painter extends ChandraToueg {
  paint(color: string): boolean {
    return this.propose(jsonCommand(color))
  }
}

const patience = { intervalMin: 20, intervalMax: 40, timeout: 200, growth: 50, grace: 1 }

const subject = describeProtocol({
  name: 'painters',
  make: (env: ChandraTouegEnvironment, nodes: readonly NodeId[]) =>
    new Painter(env, nodes, {
      detector: (own, all, place) => new HeartbeatDetector(own, all, patience, () => place().output as HeartbeatState),
      againMin: 200,
      againMax: 300,
    }),
  codec: chandraTouegCodec,
  inputs: { paint: () => 'red' },
})

const colors = ['red', 'green', 'blue', 'red', 'green']
const quiet = drawPlan(subject, 1, { nodes: 5, without: 'all', duration: 2000 })
const plan = {
  ...quiet,
  operations: quiet.nodes.map((node, i) => ({ at: 500, client: node, node, operation: { paint: colors[i] } })),
  faults: [{ type: 'crash' as const, node: 'b', at: 500 + Number(process.argv[2] ?? 8), for: 1000 }],
}

/** Estimates, proposals and the like; not what detectors say all the time. */
interface Fields {
  readonly from?: string
  readonly value?: string
  readonly message?: { readonly type: string; readonly round?: number; readonly again?: boolean }
}

const { violation } = simulate(subject, plan, {
  log: (at, id, _level, what, fields) => {
    const { from, value, message } = (fields ?? {}) as Fields
    const when = `${at.toFixed(1).padStart(7)} ms  ${id}`
    if (what === 'decides') console.log(`${when} decides ${value}`)
    if (what !== 'receives' || message?.type === 'detector' || message?.type === 'broadcast') return
    console.log(
      `${when} receives ${message?.type} ${message?.round === undefined ? '' : `of round ${message.round} `}from ${from}`,
    )
  },
})
console.log(violation === undefined ? 'nothing was violated' : violation.message)
