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

/** Begins a frame: what is written from here on follows its header. */
export function beginFrame(writer: Writer): void {
  writer.reset(headerLength)
}

/**
 * The parts of the frame that was begun, to be written one after the other: good until the writer is used again. Payloads
 * are the commands' own bytes.
 */
export function sealFrame(writer: Writer, checksum: Checksum): Uint8Array[] {
  const { control, length, payload } = writer
  setU32(control, 4, length - headerLength)
  setU32(control, 8, writer.payloadLength)
  setU32(control, 0, checksum(control, 0, 4, length))
  const head = control.subarray(0, length)
  return payload.length === 0 ? [head] : [head, ...payload]
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
  if (checksum(frame, 0, 4, body) !== getU32(frame, 0)) throw new Malformed('a frame does not have its checksum')
  const input = new Reader(frame, frame, checksum)
  input.at = headerLength
  input.end = body
  input.payloadAt = body
  return input
}

// By hand, and without views into the frame: on frames as small as heartbeats a DataView or a subarray costs more than all else.

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
