import type { Milliseconds, NodeId } from '../../core/index.ts'
import type { Figure } from '../../simulator/index.ts'

const hour = 3_600_000

/** What one watches of another. */
interface Pair {
  readonly by: NodeId
  readonly of: NodeId
  suspected: boolean
  /** When the suspicion that holds began, if it is a mistake. */
  mistakenSince: Milliseconds | undefined
}

/**
 * How good a detector is (Chen, Toueg and Aguilera 2002, §2): the time from a crash to the suspicion that is for good, how
 * often somebody is suspected who runs, and for how long. `isUp` is what no detector can know.
 */
export class DetectorQuality {
  private readonly pairs: readonly Pair[]
  /** Since when each has been down; undefined: it is up. */
  private readonly down = new Map<NodeId, Milliseconds>()
  /** Who has ever been up: not to have been started yet is no crash. */
  private readonly born = new Set<NodeId>()
  private readonly detections = new Map<string, Milliseconds>()
  private readonly detectionTimes: number[] = []
  private readonly mistakeDurations: number[] = []
  private mistakes = 0
  /** Of pairs of which both are up. */
  private watched: Milliseconds = 0
  private last: Milliseconds = 0

  constructor(nodes: readonly NodeId[]) {
    this.pairs = nodes.flatMap((by) =>
      nodes.flatMap((of) => (of === by ? [] : [{ by, of, suspected: false, mistakenSince: undefined }])),
    )
    for (const id of nodes) this.down.set(id, 0)
  }

  /** Something has happened at `at`. */
  look(at: NodeId, now: Milliseconds, isUp: (id: NodeId) => boolean, suspects: (id: NodeId) => boolean): void {
    this.count(now)
    for (const id of new Set(this.pairs.map(({ of }) => of))) this.lookWhetherUp(id, now, isUp(id))
    for (const pair of this.pairs) if (pair.by === at) this.lookAt(pair, now, suspects(pair.of))
  }

  /** Until now everything was as it was last seen. */
  private count(now: Milliseconds): void {
    const watching = this.pairs.filter(({ by, of }) => !this.down.has(by) && !this.down.has(of)).length
    this.watched += watching * (now - this.last)
    this.last = now
  }

  private lookWhetherUp(id: NodeId, now: Milliseconds, up: boolean): void {
    const since = this.down.get(id)
    if (up === (since === undefined)) return
    if (up) {
      this.down.delete(id)
      this.born.add(id)
    } else this.down.set(id, now)
    for (const pair of this.pairs) {
      if (pair.by === id) this.forget(pair)
      if (pair.of !== id) continue
      if (up) this.detected(pair)
      else this.endMistake(pair, now)
      if (!up && pair.suspected) this.detections.set(nameOf(pair), 0)
    }
  }

  private lookAt(pair: Pair, now: Milliseconds, suspected: boolean): void {
    if (suspected === pair.suspected) return
    pair.suspected = suspected
    const since = this.down.get(pair.of)
    if (!suspected) {
      this.detections.delete(nameOf(pair))
      this.endMistake(pair, now)
    } else if (since !== undefined) {
      if (this.born.has(pair.of)) this.detections.set(nameOf(pair), now - since)
    } else {
      this.mistakes++
      pair.mistakenSince = now
    }
  }

  private endMistake(pair: Pair, now: Milliseconds): void {
    if (pair.mistakenSince !== undefined) this.mistakeDurations.push(now - pair.mistakenSince)
    pair.mistakenSince = undefined
  }

  /** The suspicion has held until its process came back. */
  private detected(pair: Pair): void {
    const time = this.detections.get(nameOf(pair))
    if (time !== undefined) this.detectionTimes.push(time)
    this.detections.delete(nameOf(pair))
  }

  /** Whoever watched has crashed. */
  private forget(pair: Pair): void {
    this.detections.delete(nameOf(pair))
    pair.suspected = false
    pair.mistakenSince = undefined
  }

  figures(series: string): readonly Figure[] {
    const rate = this.watched === 0 ? [] : [(this.mistakes * hour) / this.watched]
    return [
      { series, quantity: 'detection time', unit: 'ms', values: [...this.detectionTimes, ...this.detections.values()] },
      { series, quantity: 'mistake rate', unit: 'per pair and hour', values: rate },
      { series, quantity: 'mistake duration', unit: 'ms', values: this.mistakeDurations },
    ]
  }
}

function nameOf({ by, of }: Pair): string {
  return `${by}>${of}`
}
