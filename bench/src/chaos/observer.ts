import { CallFailed } from '../endpoint.ts'
import type { ServerProcess } from '../cluster.ts'

/** Asks every member over and over whom it follows: finds the leader to aim at, and counts the elections. */
export class Observer {
  private readonly leaders = new Map<number, ServerProcess>()
  private readonly confirmed = new Map<number, ServerProcess>()
  private highestTerm = 0
  private stopped = false
  private readonly watches: Promise<void>[] = []
  /** Two leaders in one term, should that ever be seen. */
  readonly contradictions: string[] = []

  /** From now on, as long as this watches: one that was removed may still say what it led. */
  follow(member: ServerProcess): void {
    this.watches.push(this.watch(member))
  }

  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.watches)
  }

  /** Who led the newest term that anybody was seen to lead. */
  get leader(): ServerProcess | undefined {
    return this.leaders.get(Math.max(...this.leaders.keys()))
  }

  /** Terms with a leader. */
  get elections(): number {
    return this.leaders.size
  }

  /** The highest term: the difference to the elections are those that elected nobody, or whose leader nobody saw. */
  get terms(): number {
    return this.highestTerm
  }

  private async watch(member: ServerProcess): Promise<void> {
    let ledBefore = 0
    while (!this.stopped) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      if (!member.running) continue
      try {
        const { memberId, leader, raftTerm } = await member.status(500)
        this.highestTerm = Math.max(this.highestTerm, raftTerm)
        if (leader === memberId) {
          // a server may read the two numbers one after the other: it is held to what it says twice
          this.leads(member, raftTerm, ledBefore === raftTerm)
          ledBefore = raftTerm
        } else ledBefore = 0
      } catch (error) {
        // a member that is down, frozen or has no answer is what this run is made of
        if (!(error instanceof CallFailed)) throw error
      }
    }
  }

  private leads(member: ServerProcess, term: number, confirmed: boolean): void {
    if (!this.leaders.has(term)) this.leaders.set(term, member)
    if (!confirmed) return
    const known = this.confirmed.get(term)
    if (known === undefined) this.confirmed.set(term, member)
    else if (known !== member) this.contradictions.push(`${known.name} and ${member.name} both led term ${term}`)
  }
}
