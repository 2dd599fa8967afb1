import { onTestFinished } from 'vitest'
import { OneNode } from './one-node.ts'

/** A node until the end of the test. */
export async function startedNode(...options: ConstructorParameters<typeof OneNode>): Promise<OneNode> {
  const node = await new OneNode(...options).start()
  onTestFinished(async () => node.stop())
  return node
}

/** Which limits of HTTP/1.1 its client port has met, and how often. */
export function httpLimitHits(node: OneNode): Readonly<Record<string, number>> {
  const { limitHits } = node.web.ports[0].counters
  return Object.fromEntries(Object.entries(limitHits).filter(([, hits]) => hits > 0))
}
