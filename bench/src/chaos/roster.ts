import { freePorts, type Place, type ServerCommand, ServerProcess } from '../cluster.ts'
import type { Network } from './proxy.ts'

/** What members are made of. */
export interface RosterOptions {
  readonly command: ServerCommand
  readonly directory: string
  readonly network: Network
  /** Told when a member ends without having been asked to, and without having been removed. */
  died(member: ServerProcess, how: string): void
  /** Told of each member that runs from now on. */
  joined(member: ServerProcess): void
}

/** Who takes part at the moment: others come and go while a run breaks things. */
export class Roster {
  /** Those that are to be broken, mended and asked. */
  readonly members: ServerProcess[] = []
  private readonly options: RosterOptions
  /** Processes of members that were removed, or may have been: they may end by themselves, with exit code 0. */
  private readonly leaving = new Set<ServerProcess>()
  private readonly former: ServerProcess[] = []
  private count = 0

  constructor(options: RosterOptions) {
    this.options = options
  }

  /** Members that begin a cluster. */
  async begin(count: number): Promise<void> {
    const places: Place[] = []
    for (let i = 0; i < count; i++) places.push(await this.place())
    for (const place of places) this.enter(this.process(place, places, []))
  }

  /** A place for one that is added: its ports, and the one by which the others know it. */
  async place(): Promise<Place> {
    const name = `n${++this.count}`
    const [clientPort = 0, peerPort = 0] = await freePorts(2)
    const knownPeerPort = await this.options.network.listen(name, { host: '127.0.0.1', port: peerPort })
    return { name, clientPort, peerPort, knownPeerPort }
  }

  /** Starts a member that was added. */
  join(place: Place): ServerProcess {
    const places = [...this.members.map((member) => member.place), place]
    const member = this.process(place, places, ['--initial-cluster-state', 'existing'])
    this.enter(member)
    return member
  }

  private process(place: Place, places: readonly Place[], more: readonly string[]): ServerProcess {
    // small, so that logs are cut and snapshots are taken many times in a run
    const extra = ['--snapshot-count', '2000', '--log-level', 'warn', ...more]
    return new ServerProcess(this.options.command, place, places, this.options.directory, extra)
  }

  private enter(member: ServerProcess): void {
    member.onDeath = (how, exitCode) => {
      if (!this.leaving.has(member) || exitCode !== 0) this.options.died(member, how)
    }
    this.members.push(member)
    member.start()
    this.options.joined(member)
  }

  /** It is about to be removed. */
  mayGo(member: ServerProcess): void {
    this.leaving.add(member)
  }

  /** It is removed: its process is to end by itself if it runs, and is nobody's business any more. */
  leave(member: ServerProcess): void {
    const at = this.members.indexOf(member)
    if (at < 0) return
    this.members.splice(at, 1)
    this.former.push(member)
  }

  has(member: ServerProcess): boolean {
    return this.members.includes(member)
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.members, ...this.former].map((member) => member.kill()))
  }
}
