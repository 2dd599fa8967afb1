import type { Duration } from './draws.ts'
import type { Fault } from './faults.ts'
import type { Errand, Plan } from './plan.ts'

/** A fault as a person reads it, without its time: `power cut at b, for 300 ms, after 4 disk operations`. */
export function faultText(fault: Fault, nodes: Plan['nodes']): string {
  const held = 'for' in fault ? `, for ${grouped(fault.for)} ms` : ''
  switch (fault.type) {
    case 'partition':
      return `partition (${fault.shape}) of ${linksText(fault.links, nodes)}${held}`
    case 'loss':
      return `${percent(fault.share)} of the frames lost on ${linksText(fault.links, nodes)}${held}`
    case 'duplication':
      return `${percent(fault.share)} of the frames doubled on ${linksText(fault.links, nodes)}${held}`
    case 'corruption':
      return `${percent(fault.share)} of the frames damaged on ${linksText(fault.links, nodes)}${held}`
    case 'reordering':
      return `frames overtake each other on ${linksText(fault.links, nodes)}${held}`
    case 'latency':
      return `frames take ${durationText(fault.latency)} on ${linksText(fault.links, nodes)}${held}`
    case 'drift':
      return `clock of ${fault.node} runs at ${fault.rate} of the world's pace${held}`
    case 'jump':
      return `clock of ${fault.node} leaps ahead by ${grouped(fault.by)} ms`
    case 'slow':
      return `${fault.node} is slow, ${fault.turn} ms a turn${held}`
    case 'stall':
      return `${fault.node} stands still${held}`
    case 'crash':
      return `crash of ${fault.node}${held}`
    case 'powerCut':
      return `power cut at ${fault.node}${held}${fault.operations === 0 ? '' : `, after ${counted(fault.operations, 'disk operation')}`}`
    case 'blackout':
      return `power cut everywhere${held}${fault.except.length === 0 ? '' : `; ${fault.except.join(', ')} only stop`}`
    case 'wipe':
      return `disk of ${fault.node} exchanged for an empty one${held}`
    case 'bitFlip':
      return `${counted(fault.flips, 'byte')} flipped on the disk of ${fault.node}${held}`
    case 'unreadable':
      return `${counted(fault.blocks, 'block')} of the disk of ${fault.node} cannot be read${held}`
    case 'misdirectedWrite':
      return `next write of ${fault.node} lands in a wrong sector, if it comes within ${grouped(fault.for)} ms`
    case 'failingSync':
      return `syncs fail on the disk of ${fault.node}${held}`
    case 'fullDisk':
      return `disk of ${fault.node} is full but for ${counted(fault.spare, 'byte')}${held}`
    case 'stalledDisk':
      return `disk of ${fault.node} answers nothing${held}`
    case 'slowDisk':
      return `syncs take ${fault.syncTime} ms on the disk of ${fault.node}${held}`
  }
}

/** An errand as a person reads it, without its time; `describe`: what it asks for, in the subject's words. */
export function errandText({ nodes, operation, newcomers }: Errand, describe: (operation: unknown) => string): string {
  const machines = newcomers.map(
    ({ id, after }) =>
      `; ${id} is a new machine, ${after === null ? 'never switched on' : `on ${grouped(after)} ms later`}`,
  )
  return `asks ${nodes.length === 1 ? nodes[0] : `the first of ${nodes.join(', ')} that is up`}: ${describe(operation)}${machines.join('')}`
}

/** What became of a single frame. */
export function deviationText({ link, frame, fate }: Plan['deviations'][number]): string {
  return `frame ${frame} on ${linksText([link], [])} is ${fate}`
}

/** `2 to 5 ms`, as a plan draws it. */
export function durationText(duration: Duration): string {
  switch (duration.kind) {
    case 'uniform':
      return duration.min === duration.max ? `${duration.min} ms` : `${duration.min} to ${duration.max} ms`
    case 'exponential':
      return `${duration.min} ms and more, ${duration.mean} ms longer on average`
    case 'stragglers':
      return `${duration.min} to ${duration.max} ms, now and then ${duration.straggle} ms longer`
  }
}

/** `a – b` for both ways, `a → b` for one; `all links` between the nodes. */
function linksText(links: readonly string[], nodes: Plan['nodes']): string {
  const all = new Set(links)
  if (all.size > 2 && all.size === nodes.length * (nodes.length - 1)) return 'all links'
  return links
    .flatMap((link) => {
      const [from = '', to = ''] = link.split('>')
      if (!all.has(`${to}>${from}`)) return `${from} → ${to}`
      return from < to ? `${from} – ${to}` : []
    })
    .join(', ')
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

/** With a comma between thousands: `1,200`, `0.25`. */
export function grouped(value: number, decimals = 0): string {
  const [whole = '', fraction] = value.toFixed(decimals).split('.')
  const text = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? text : `${text}.${fraction}`
}

/** `1 run`, `12 runs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}
