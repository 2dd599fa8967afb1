/** There is no room for more: what was seen so far is all that will be. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory'
}

/** So many zeros. Throws `OutOfMemory` where the engine has no room for them. */
export function zeros(count: number): Int32Array<ArrayBuffer> {
  try {
    return new Int32Array(count)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new OutOfMemory(`no room for ${count} numbers more`, { cause: error })
  }
}

/** Whether there was room for what is done. */
export function withinMemory(act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (!(error instanceof OutOfMemory)) throw error
    return false
  }
}
