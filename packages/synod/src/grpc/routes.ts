import type { Unary } from './call.ts'
import { MethodCounts } from './counters.ts'
import type { Streaming, StreamHandler } from './stream-call.ts'

/** One message each way. */
export interface UnaryRoute {
  /** The request is a view of the bytes that arrived, valid only during the call. What this throws is answered by 13. */
  unary(call: Unary, request: Uint8Array): void
  readonly stream?: undefined
}

/** Any number of messages either way. */
export interface StreamRoute {
  /** Called when the call arrives, before its first message. What this throws is answered by 13. */
  stream(call: Streaming): StreamHandler
  readonly unary?: undefined
}

/** What is called under a path. */
export type Route = UnaryRoute | StreamRoute

/** What there is under a path, or why there is nothing. */
export interface Destination {
  readonly route: Route | undefined
  readonly unknown: string | undefined
  readonly counts: MethodCounts
}

/** All routes of a server, by the exact path: a path that is nearly one is none (CVE-2026-33186). */
export class Routes {
  private readonly destinations = new Map<string, Destination>()
  private readonly services = new Set<string>()
  private readonly strangers = new MethodCounts('', 'unary')

  constructor(routes: ReadonlyMap<string, Route>) {
    for (const [path, route] of routes) {
      const counts = new MethodCounts(path, route.stream === undefined ? 'unary' : 'stream')
      this.destinations.set(path, { route, unknown: undefined, counts })
      this.services.add(path.slice(1, path.lastIndexOf('/')))
    }
  }

  find(path: string): Destination {
    return (
      this.destinations.get(path) ?? { route: undefined, unknown: this.reasonAgainst(path), counts: this.strangers }
    )
  }

  /** In grpc-go's words: clients match on them. */
  private reasonAgainst(path: string): string {
    const slash = path.lastIndexOf('/')
    if (slash <= 0 || !path.startsWith('/')) return `malformed method name: ${JSON.stringify(path)}`
    const service = path.slice(1, slash)
    if (this.services.has(service)) return `unknown method ${path.slice(slash + 1)} for service ${service}`
    return `unknown service ${service}`
  }

  get counts(): readonly MethodCounts[] {
    return [...this.destinations.values()].map(({ counts }) => counts).concat(this.strangers)
  }
}
