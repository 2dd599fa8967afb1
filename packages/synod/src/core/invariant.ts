/**
 * Called after every event of one run with the node at which it happened; nothing else has changed since the last call.
 * Answers what is broken. It remembers what it has seen.
 */
export type Watch<Node> = (node: Node, nodes: readonly Node[]) => string | undefined

/** What must always be true, by its name in the paper. `Node` is one participant as the whole world sees it. */
export interface Invariant<Node> {
  readonly name: string
  /** Begins to watch one run. */
  readonly watch: () => Watch<Node>
}
