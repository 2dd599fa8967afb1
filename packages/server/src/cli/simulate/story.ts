import { counted, deviationText, durationText, errandText, faultText, grouped } from 'synod/simulator'
import type { Plan } from 'synod/simulator'
import type { Protocol, Told } from './protocols.ts'
import type { Result } from './tasks.ts'

/** So many lines are read; more are counted. */
const readable = 200

/** What a run begins with: who takes part, and how fast the world is. */
export function surroundings({ nodes, duration, latency, syncTime, settings, seed }: Plan): string {
  return [
    `${counted(nodes.length, 'node')} ${nodes.join(', ')}, ${grouped(duration)} ms, randomness of seed ${seed}`,
    `frames take ${durationText(latency)}; syncs ${durationText(syncTime)}`,
    `settings ${JSON.stringify(settings)}`,
  ]
    .map((line) => `  ${line}\n`)
    .join('')
}

/** Everything that comes from outside, one a line, in the order of its time. */
export function eventsText(plan: Plan, protocol: Protocol): string {
  const { nodes, faults, errands, operations, deviations } = plan
  const asked = operations.map(({ at, client, node, operation }) => ({
    at,
    text: `${client} asks ${node}: ${protocol.describe(operation)}`,
  }))
  const tooMany = asked.length + faults.length + errands.length > readable
  const events = [
    ...faults.map((fault) => ({ at: fault.at, text: faultText(fault, nodes) })),
    ...errands.map((errand) => ({
      at: errand.at,
      text: `administrator ${errandText(errand, protocol.describeErrand)}`,
    })),
    ...(tooMany ? [] : asked),
  ]
  const width = Math.max(0, ...events.map(({ at }) => grouped(at).length))
  const lines = events
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, text }) => `  at ${grouped(at).padStart(width)} ms  ${text}`)
  if (tooMany) lines.push(`  and ${counted(asked.length, 'operation')} of clients`)
  return [...lines, ...deviations.map((deviation) => `  ${deviationText(deviation)}`)]
    .map((line) => `${line}\n`)
    .join('')
}

/** What happened, as a conversation: faults, what clients and the administrator asked and were answered, what members logged. */
export function conversation({ plan, told }: Result, protocol: Protocol): string {
  const faults = plan.faults.map((fault): Told => ({ at: fault.at, who: 'fault', text: faultText(fault, plan.nodes) }))
  const errands = plan.errands.map((errand): Told => ({
    at: errand.at,
    who: 'administrator',
    text: errandText(errand, protocol.describeErrand),
  }))
  // What a fault brings about comes after it.
  const lines = [...faults, ...errands, ...told].toSorted((a, b) => a.at - b.at)
  const width = Math.max(0, ...lines.map(({ at }) => grouped(at, 1).length))
  const whoWidth = Math.max(0, ...lines.map(({ who }) => who.length))
  const text = withoutRepetitions(lines).map(
    ({ at, who, text: said, times }) =>
      `  at ${grouped(at, 1).padStart(width)} ms  ${who.padEnd(whoWidth)}  ${said}${times === 1 ? '' : ` (${grouped(times)} times)`}\n`,
  )
  return [...text, ...plan.deviations.map((deviation) => `  ${deviationText(deviation)}\n`)].join('')
}

function withoutRepetitions(lines: readonly Told[]): readonly (Told & { readonly times: number })[] {
  const kept: (Told & { times: number })[] = []
  for (const line of lines) {
    const last = kept.at(-1)
    if (last?.who === line.who && last.text === line.text) last.times++
    else kept.push({ ...line, times: 1 })
  }
  return kept
}

/** How a run ended, in a line. */
export function endingText({ violation, simulated, progress, plan }: Result): string {
  if (violation !== undefined) return violationText(violation)
  const core =
    progress === undefined
      ? plan.patience > 0
        ? 'there was no core that had to get on'
        : 'progress was not demanded'
      : `the core ${progress.core.join(', ')} got on within ${grouped(Math.ceil(progress.took))} ms`
  return `Nothing was violated in ${grouped(Math.round(simulated))} ms; ${core}.`
}

/** What was broken, and when. */
export function violationText({ invariant, message, at, event }: NonNullable<Result['violation']>): string {
  return `Violated at ${grouped(at, 1)} ms, with event ${grouped(event)}: ${invariant}\n  ${message.replaceAll('\n', '\n  ')}`
}
