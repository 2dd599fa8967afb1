import type { Errand } from 'synod/simulator'
import type { Value } from './json-shape.ts'
import type { Protocol } from './protocols.ts'

const longest = 1e9
const fields = ['at', 'nodes', 'type', 'newcomers', 'operation'] as const satisfies readonly (keyof Errand)[]

/** Throws `UsageError` for what no machine is called. */
export function nodeName(value: Value): string {
  const { unchecked: name } = value
  return typeof name === 'string' && /^[\w-]{1,64}$/.test(name) && !(name in {})
    ? name
    : value.expected('the name of a node')
}

/** The machines that a list of errands brings into the world. Throws `UsageError` for what is no such list. */
export function newcomersIn(value: Value, protocol: Protocol): readonly string[] {
  return value.list().flatMap((one) => {
    const { at, nodes, type, newcomers, operation } = one.whole(fields)
    at.number(0, longest)
    if (nodes.list().length === 0) nodes.expected('at least one node')
    for (const node of nodes.list()) node.like('')
    type.like('')
    try {
      protocol.describeErrand(operation.unchecked)
    } catch {
      // Whatever it stumbled over, it can make nothing of this.
      operation.expected(`an errand of ${protocol.name}`)
    }
    return newcomers.list().map((newcomer) => {
      const { id, after } = newcomer.whole(['id', 'after'])
      const name = nodeName(id)
      if (after.unchecked !== null) after.number(0, longest)
      return name
    })
  })
}
