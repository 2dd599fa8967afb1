import type { Checksum } from './ports.ts'

/** CRC-32 (IEEE 802.3, reflected, as zlib's), a table of 256: for homes without a native one. */
export const crc32: Checksum = (bytes, seed = 0) => {
  let crc = ~seed
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})
