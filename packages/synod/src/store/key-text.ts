/** Keys are bytes, ordered bytewise. As strings of code units up to 255 they hash, compare and sort natively, the same way. */
export type KeyText = string

/** `String.fromCharCode` takes its characters as arguments, of which engines allow some ten thousands. */
const charactersPerCall = 4096

/** One flat string of one character per byte. */
export function keyText(bytes: Uint8Array): KeyText {
  if (bytes.length <= charactersPerCall) return Reflect.apply(String.fromCharCode, undefined, bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += charactersPerCall) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + charactersPerCall))
  }
  return text
}

/** The bytes that `keyText` was given. */
export function keyBytes(text: KeyText): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Half-open: from `start` on, below `end`; without `end`, to the last key. */
export interface Interval {
  readonly start: KeyText
  readonly end: KeyText | undefined
}

/**
 * What a request's key and range_end mean: no range_end is the one key, `\0` is everything from the key on. It may be
 * upside-down: then it contains nothing.
 */
export function interval(key: Uint8Array, rangeEnd: Uint8Array): Interval {
  const start = keyText(key)
  if (rangeEnd.length === 0) return { start, end: `${start}\0` }
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { start, end: undefined }
  return { start, end: keyText(rangeEnd) }
}
