/** What one allocation serves. */
const pageBytes = 64 * 1024
/** More is copied into memory of its own. */
const smallBytes = pageBytes / 16

/**
 * Copies of small byte arrays, side by side in the same memory: an array buffer of its own for each costs the allocator
 * and the collector many times what is in it. For what is let go of in about the order in which it was copied, such as
 * a log's commands: a page is free when all in it are.
 */
export class Slab {
  private page = new Uint8Array(0)
  private used = 0

  copy(bytes: Uint8Array, length: number): Uint8Array {
    if (length > smallBytes) return bytes.slice(0, length)
    if (length > this.page.length - this.used) {
      this.page = new Uint8Array(pageBytes)
      this.used = 0
    }
    const copy = this.page.subarray(this.used, this.used + length)
    copy.set(length === bytes.length ? bytes : bytes.subarray(0, length))
    this.used += length
    return copy
  }
}
