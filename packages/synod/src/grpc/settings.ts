import type { Sender, Stream } from './flow.ts'
import { ConnectionError, defaultMaxFrameSize, ErrorCode, maxWindow, protocolError, Setting } from './frames.ts'
import type { HeaderEncoder } from './hpack.ts'

/** A setting of the peer that both sides heed (RFC 9113 §6.5.2). False if it is another one. */
export function applySetting(
  id: number,
  value: number,
  encoder: HeaderEncoder,
  sender: Sender,
  streams: ReadonlyMap<number, Stream>,
): boolean {
  switch (id) {
    case Setting.headerTableSize:
      encoder.limitTable(value)
      return true
    case Setting.initialWindowSize:
      if (value > maxWindow) {
        throw new ConnectionError(ErrorCode.flowControlError, `an initial window of ${value} bytes`)
      }
      sender.setInitialStreamWindow(value, streams.values())
      return true
    case Setting.maxFrameSize:
      if (value < defaultMaxFrameSize || value > 0xff_ffff) {
        throw protocolError(`a maximum frame size of ${value} bytes`)
      }
      // Larger frames than this gain nothing, and would hold other streams up.
      sender.maxFrameSize = Math.min(value, 4 * defaultMaxFrameSize)
      return true
    case Setting.enablePush:
      if (value > 1) throw protocolError(`ENABLE_PUSH is 0 or 1, not ${value}`)
      return true
    default:
      return false
  }
}
