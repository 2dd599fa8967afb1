/** Streams remembered at most: what comes later on older ones is answered as on any closed stream. */
const streamsMax = 1000

/** Streams that ended here while the peer was still sending: what it has already sent on them is no error of its. */
export class Lingering {
  private readonly ids = new Set<number>()

  add(streamId: number): void {
    this.ids.add(streamId)
    if (this.ids.size <= streamsMax) return
    for (const oldest of this.ids) {
      this.ids.delete(oldest)
      return
    }
  }

  has(streamId: number): boolean {
    return this.ids.has(streamId)
  }

  delete(streamId: number): void {
    this.ids.delete(streamId)
  }
}
