import { Malformed, Reader } from './codec.ts'
import type { Writer } from './codec.ts'
import type { Checksum } from './ports.ts'

/**
 * A frame of the peer protocol:
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 4 | CRC-32 of bytes 4 to the end of `control` |
 * | 4 | 4 | length of `control` |
 * | 8 | 4 | length of `payload` |
 * | 12 | | `control`, then `payload`: commands, each guarded by its own checksum |
 *
 * All numbers are little-endian.
 */
const headerLength = 12

/** The parts of a frame, to be written one after the other. The first is a copy; payloads are the commands' own bytes. */
export function sealFrame(writer: Writer, checksum: Checksum): Uint8Array[] {
  const head = new Uint8Array(headerLength + writer.length)
  setU32(head, 4, writer.length)
  setU32(head, 8, writer.payloadLength)
  head.set(writer.control.subarray(0, writer.length), headerLength)
  setU32(head, 0, checksum(head.subarray(4)))
  return [head, ...writer.payload]
}

/** Throws `Malformed` for a frame that was damaged on its way, or is none. */
export function openFrame(frame: Uint8Array, checksum: Checksum): Reader {
  if (frame.length < headerLength) throw new Malformed(`a frame of ${frame.length} bytes`)
  const control = getU32(frame, 4)
  const payload = getU32(frame, 8)
  if (headerLength + control + payload !== frame.length) {
    throw new Malformed(`a frame of ${frame.length} bytes announces ${headerLength} + ${control} + ${payload}`)
  }
  const body = headerLength + control
  if (checksum(frame.subarray(4, body)) !== getU32(frame, 0)) throw new Malformed('a frame does not have its checksum')
  return new Reader(frame.subarray(headerLength, body), payload === 0 ? nothing : frame.subarray(body), checksum)
}

const nothing = new Uint8Array(0)

// By hand: on frames as small as heartbeats a DataView costs more than all else.

function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

function getU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
  return (low | ((bytes[at + 3] ?? 0) << 24)) >>> 0
}
