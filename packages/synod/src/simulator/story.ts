import type { Milliseconds } from '../core/index.ts'
import { deviationText, errandText, faultText } from './in-words.ts'
import type { Plan } from './plan.ts'
import { simulate } from './run.ts'
import type { Administration, Subject } from './subject.ts'
import type { Inhabitant } from './world.ts'

/**
 * A run to be read, a line for each thing that happens: what comes from outside, and what the members log about
 * themselves, in the order of time; at the end what is broken. Meant for runs that were shrunk: it holds all of the run.
 */
export function storyOf<Dweller extends Inhabitant, Node>(subject: Subject<Dweller, Node>, plan: Plan): string[] {
  const told: { readonly at: Milliseconds; readonly text: string }[] = [
    ...plan.faults.map((fault) => ({ at: fault.at, text: `fault: ${faultText(fault, plan.nodes)}` })),
    ...plan.errands.map((errand) => ({
      at: errand.at,
      text: `administrator ${errandText(errand, (operation) => described(subject.administration, operation))}`,
    })),
    ...plan.operations.map(({ at, client, node, operation }) => ({
      at,
      text: `${client} asks ${node}: ${JSON.stringify(operation)}`,
    })),
  ]
  const { violation, simulated } = simulate(subject, plan, {
    log: (at, id, _level, message, fields) => told.push({ at, text: `${id} ${message}${fieldsInWords(fields)}` }),
  })
  if (violation === undefined) told.push({ at: simulated, text: 'nothing is broken' })
  else told.push({ at: violation.at, text: `${violation.invariant} is broken: ${violation.message}` })
  const fates = plan.deviations.map(deviationText)
  // What is planned for a time comes before what it brings about.
  const lines = told.filter(({ at }) => at <= simulated).toSorted((a, b) => a.at - b.at)
  return [...fates, ...lines.map(({ at, text }) => `${at.toFixed(1).padStart(9)} ms  ${text}`)]
}

function described(administration: Administration | undefined, operation: unknown): string {
  return administration?.describe(operation) ?? JSON.stringify(operation)
}

function fieldsInWords(fields: object | undefined): string {
  return Object.entries<unknown>({ ...fields })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('')
}
