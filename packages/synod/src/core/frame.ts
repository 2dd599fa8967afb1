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
  const view = new DataView(head.buffer)
  view.setUint32(4, writer.length, true)
  view.setUint32(8, writer.payloadLength, true)
  head.set(writer.control.subarray(0, writer.length), headerLength)
  view.setUint32(0, checksum(head.subarray(4)), true)
  return [head, ...writer.payload]
}

/** Throws `Malformed` for a frame that was damaged on its way, or is none. */
export function openFrame(frame: Uint8Array, checksum: Checksum): Reader {
  if (frame.length < headerLength) throw new Malformed(`a frame of ${frame.length} bytes`)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const control = view.getUint32(4, true)
  const payload = view.getUint32(8, true)
  if (headerLength + control + payload !== frame.length) {
    throw new Malformed(`a frame of ${frame.length} bytes announces ${headerLength} + ${control} + ${payload}`)
  }
  const body = headerLength + control
  if (checksum(frame.subarray(4, body)) !== view.getUint32(0, true))
    throw new Malformed('a frame does not have its checksum')
  return new Reader(frame.subarray(headerLength, body), frame.subarray(body), checksum)
}
