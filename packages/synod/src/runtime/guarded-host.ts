import {
  AssertionFailed,
  type Halt,
  type Hello,
  type Host,
  type Introduction,
  type NodeId,
  present,
  type Refusal,
} from '../core/index.ts'

/**
 * The one door through which the world calls a member. An error that a call throws is a broken invariant and becomes a
 * halt; after a halt, and after `close`, no call goes through, so that nothing more is sent or acknowledged.
 */
export class GuardedHost implements Host {
  private host: Host | undefined
  private inside = false
  private closed = false
  private readonly halted: (reason: Halt) => void
  private readonly heard: (from: NodeId) => void

  /** `heard`: told of each frame, before its host is. */
  constructor(halted: (reason: Halt) => void, heard: (from: NodeId) => void = () => undefined) {
    this.halted = halted
    this.heard = heard
  }

  /** The member exists only once it has its ports, and these need this door. */
  bind(host: Host): void {
    this.host = host
  }

  /** Nothing goes through any more. */
  close(): void {
    this.closed = true
  }

  halt(reason: Halt): void {
    if (this.closed) return
    this.close()
    this.halted(reason)
  }

  /** Whatever else calls into the member, such as a completion of a disk or a request of a client. */
  enter(call: () => void): void {
    if (this.closed) return
    if (this.inside) throw new AssertionFailed('no call of a member comes inside another one')
    this.inside = true
    try {
      call()
    } catch (error) {
      this.halt(broken(error))
    } finally {
      this.inside = false
    }
  }

  alarm(): void {
    this.enter(() => this.bound().alarm())
  }

  flush(): void {
    this.enter(() => this.bound().flush())
  }

  arrived(from: NodeId, frame: Uint8Array): void {
    this.enter(() => {
      this.heard(from)
      this.bound().arrived(from, frame)
    })
  }

  greeted(hello: Hello, answer: (refusal: Refusal | undefined) => void): void {
    this.enter(() => this.bound().greeted(hello, answer))
  }

  refused(by: NodeId, refusal: Refusal): void {
    this.enter(() => this.bound().refused(by, refusal))
  }

  connected(to: NodeId): void {
    this.enter(() => this.bound().connected(to))
  }

  introduce(): Introduction | undefined {
    let said: Introduction | undefined
    this.enter(() => (said = this.bound().introduce()))
    return said
  }

  private bound(): Host {
    return present(this.host, 'a member is bound before its ports call it')
  }
}

function broken(cause: unknown): Halt {
  const what = cause instanceof AssertionFailed ? 'a claim does not hold' : 'an unexpected error'
  const message = cause instanceof Error ? cause.message : String(cause)
  return { code: 'assertion', message: `${what}: ${message}`, cause }
}
