const pieceBytes = 64 * 1024
/** Up to here the engine keeps an array's bytes beside the array itself, which is cheaper still. */
const smallBytes = 64

/**
 * Copies of frames and of what is written to disks. Memory is asked for in large pieces, from which each copy gets its
 * part: an allocation for each takes longer than the copying. They are kept as long as one of their piece is.
 */
export class Copies {
  private piece = new Uint8Array(pieceBytes)
  private used = 0

  of(bytes: Uint8Array): Uint8Array {
    if (bytes.length <= smallBytes) return bytes.slice()
    const copy = this.room(bytes.length)
    copy.set(bytes)
    return copy
  }

  /** The parts one after the other. */
  joined(parts: readonly Uint8Array[]): Uint8Array {
    const [first] = parts
    if (first !== undefined && parts.length === 1) return this.of(first)
    let length = 0
    for (const part of parts) length += part.length
    const all = this.room(length)
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }

  private room(length: number): Uint8Array {
    if (length > pieceBytes / 8) return new Uint8Array(length)
    if (this.used + length > pieceBytes) {
      this.piece = new Uint8Array(pieceBytes)
      this.used = 0
    }
    const from = this.used
    this.used = from + length
    return this.piece.subarray(from, from + length)
  }
}
