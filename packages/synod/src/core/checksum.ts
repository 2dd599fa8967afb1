import type { Checksum } from './ports.ts'

/** CRC-32 (IEEE 802.3, reflected, as zlib's), eight bytes at a step (Kounavis and Berry 2005): for homes without a native one. */
export const crc32: Checksum = (bytes, seed = 0, from = 0, to = bytes.length) => {
  let crc = ~seed | 0
  let at = from
  for (const end = to - 7; at < end; at += 8) {
    crc ^=
      byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
    crc =
      entry(1792 + (crc & 0xff)) ^
      entry(1536 + ((crc >>> 8) & 0xff)) ^
      entry(1280 + ((crc >>> 16) & 0xff)) ^
      entry(1024 + (crc >>> 24)) ^
      entry(768 + byteAt(bytes, at + 4)) ^
      entry(512 + byteAt(bytes, at + 5)) ^
      entry(256 + byteAt(bytes, at + 6)) ^
      entry(byteAt(bytes, at + 7))
  }
  for (; at < to; at++) crc = entry((crc ^ byteAt(bytes, at)) & 0xff) ^ (crc >>> 8)
  return ~crc >>> 0
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

/** For each byte what it does to the checksum; then the same with one to seven bytes of zeros behind it. */
const table = new Int32Array(8 * 256)

function entry(at: number): number {
  return table[at] ?? 0
}

for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  table[byte] = crc
}
for (let at = 256; at < table.length; at++) {
  const before = entry(at - 256)
  table[at] = (before >>> 8) ^ entry(before & 0xff)
}
