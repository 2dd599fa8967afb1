/** The first key after all keys that begin with `prefix`: range_end of a prefix. All 0xff, or empty: to the end, which is `\0`. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0
    if (byte === 0xff) continue
    const end = prefix.slice(0, i + 1)
    end[i] = byte + 1
    return end
  }
  return Uint8Array.of(0)
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as text if they are text. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    // Not UTF-8: the caller shows it in another way.
    return undefined
  }
}
