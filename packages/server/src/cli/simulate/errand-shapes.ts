import type { Errand } from 'synod/simulator'
import type { Value } from './json-shape.ts'

const longest = 1e9
const fields = ['at', 'nodes', 'type', 'newcomers', 'operation'] as const satisfies readonly (keyof Errand)[]

/** The machines that a list of errands brings into the world. Throws `UsageError` for what is no such list. */
export function newcomersIn(value: Value): readonly string[] {
  return value.list().flatMap((one) => {
    const { at, nodes, type, newcomers } = one.whole(fields)
    at.number(0, longest)
    if (nodes.list().length === 0) nodes.expected('at least one node')
    for (const node of nodes.list()) node.like('')
    type.like('')
    return newcomers.list().map((newcomer) => {
      const { id, after } = newcomer.whole(['id', 'after'])
      id.like('')
      if (after.unchecked !== null) after.number(0, longest)
      return String(id.unchecked)
    })
  })
}
