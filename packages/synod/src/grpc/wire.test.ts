/** The server against bytes that no library would send. */
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { ErrorCode, Flag, FrameType, preface, readUint32, Setting } from './frames.ts'
import type { LimitName } from './index.ts'
import {
  block,
  frame,
  hello,
  isAnswer,
  message,
  number,
  open,
  request,
  setting,
  settings,
  type Seen,
} from './raw-client.ts'
import { closeAll, dial, expectServed, pause, start } from './sample-servers.ts'

afterEach(closeAll)

const {
  protocolError,
  frameSizeError,
  flowControlError,
  compressionError,
  streamClosed,
  enhanceYourCalm,
  refusedStream,
} = ErrorCode
const manyBlocks = (count: number, size: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => frame(FrameType.continuation, 0, 1, Buffer.alloc(size, 0x82))))

describe('a breach that the connection does not survive', () => {
  test.each<[string, Uint8Array[], number, LimitName?]>([
    ['a first frame that is not SETTINGS', [preface, open(1)], protocolError],
    [
      'a frame that is too large',
      [hello, frame(FrameType.data, 0, 1, Buffer.alloc(16_385))],
      frameSizeError,
      'frame_size',
    ],
    ['DATA on stream 0', [hello, frame(FrameType.data, 0, 0)], protocolError],
    ['DATA on a stream that was not opened', [hello, frame(FrameType.data, 0, 7)], protocolError],
    [
      'more padding than DATA',
      [hello, open(1), frame(FrameType.data, Flag.padded, 1, Buffer.from([2, 0]))],
      protocolError,
    ],
    ['HEADERS on stream 0', [hello, open(0)], protocolError],
    ['HEADERS on an even stream', [hello, open(2)], protocolError],
    ['HEADERS on a closed stream', [hello, request(3), request(3)], streamClosed],
    [
      'HEADERS with too much padding',
      [hello, frame(FrameType.headers, Flag.endHeaders | Flag.padded, 1, Buffer.from([9, 0x82]))],
      protocolError,
    ],
    [
      'an interrupted header block',
      [hello, frame(FrameType.headers, 0, 1, block('/t.T/Echo')), settings],
      protocolError,
    ],
    [
      'CONTINUATION of another stream',
      [hello, frame(FrameType.headers, 0, 1), frame(FrameType.continuation, 4, 3)],
      protocolError,
    ],
    ['CONTINUATION of nothing', [hello, frame(FrameType.continuation, 4, 1)], protocolError],
    [
      'a header block that cannot be decoded',
      [hello, frame(FrameType.headers, 4, 1, Buffer.from([0xff, 0xff]))],
      compressionError,
    ],
    ['PUSH_PROMISE', [hello, frame(FrameType.pushPromise, 4, 1, number(2))], protocolError],
    ['PING of seven bytes', [hello, frame(FrameType.ping, 0, 0, Buffer.alloc(7))], frameSizeError],
    ['PING on a stream', [hello, frame(FrameType.ping, 0, 1, Buffer.alloc(8))], protocolError],
    ['SETTINGS of seven bytes', [hello, frame(FrameType.settings, 0, 0, Buffer.alloc(7))], frameSizeError],
    ['SETTINGS on a stream', [hello, frame(FrameType.settings, 0, 1)], protocolError],
    [
      'an acknowledgement that says something',
      [hello, frame(FrameType.settings, Flag.ack, 0, setting(1, 1))],
      frameSizeError,
    ],
    ['ENABLE_PUSH of 2', [hello, frame(FrameType.settings, 0, 0, setting(Setting.enablePush, 2))], protocolError],
    [
      'an initial window of 2^31',
      [hello, frame(FrameType.settings, 0, 0, setting(Setting.initialWindowSize, 2 ** 31))],
      flowControlError,
    ],
    [
      'a maximum frame size of 1',
      [hello, frame(FrameType.settings, 0, 0, setting(Setting.maxFrameSize, 1))],
      protocolError,
    ],
    ['WINDOW_UPDATE by nothing', [hello, frame(FrameType.windowUpdate, 0, 0, number(0))], protocolError],
    ['WINDOW_UPDATE of three bytes', [hello, frame(FrameType.windowUpdate, 0, 0, Buffer.alloc(3))], frameSizeError],
    [
      'WINDOW_UPDATE of a stream that was not opened',
      [hello, frame(FrameType.windowUpdate, 0, 9, number(1))],
      protocolError,
    ],
    [
      'a connection window of 2^31',
      [hello, frame(FrameType.windowUpdate, 0, 0, number(0x7fff_ffff))],
      flowControlError,
    ],
    ['RST_STREAM of a stream that was not opened', [hello, frame(FrameType.rstStream, 0, 9, number(8))], protocolError],
    ['RST_STREAM of three bytes', [hello, open(1), frame(FrameType.rstStream, 0, 1, Buffer.alloc(3))], frameSizeError],
    ['GOAWAY of seven bytes', [hello, frame(FrameType.goaway, 0, 0, Buffer.alloc(7))], frameSizeError],
    [
      'a header block without end',
      [hello, frame(FrameType.headers, 0, 1), manyBlocks(3, 16_000)],
      enhanceYourCalm,
      'header_block',
    ],
    [
      'empty CONTINUATION without end',
      [hello, frame(FrameType.headers, 0, 1), manyBlocks(3000, 0)],
      enhanceYourCalm,
      'empty_frames',
    ],
    [
      'a flood of PING',
      [hello, ...Array.from({ length: 3000 }, () => frame(FrameType.ping, 0, 0, Buffer.alloc(8)))],
      enhanceYourCalm,
      'pings',
    ],
    ['a flood of SETTINGS', [hello, ...Array.from({ length: 3000 }, () => settings)], enhanceYourCalm, 'settings'],
    [
      'a flood of empty DATA',
      [hello, open(1), ...Array.from({ length: 3000 }, () => frame(FrameType.data, 0, 1))],
      enhanceYourCalm,
      'empty_frames',
    ],
    [
      'rapid resets',
      [
        hello,
        ...Array.from({ length: 1200 }, (_, i) => [
          request(2 * i + 1, '/t.T/Keep'),
          frame(FrameType.rstStream, 0, 2 * i + 1, number(8)),
        ]).flat(),
      ],
      enhanceYourCalm,
      'resets',
    ],
    [
      'streams that are broken on purpose, so that the server resets them',
      [
        hello,
        ...Array.from({ length: 1200 }, (_, i) => [
          request(2 * i + 1, '/t.T/Keep'),
          frame(FrameType.windowUpdate, 0, 2 * i + 1, number(0)),
        ]).flat(),
      ],
      enhanceYourCalm,
      'resets',
    ],
    [
      'requests that are malformed, one after the other',
      [hello, ...Array.from({ length: 1200 }, (_, i) => frame(FrameType.headers, 5, 2 * i + 1, Buffer.from([0x83])))],
      enhanceYourCalm,
      'resets',
    ],
    [
      'a flood of frames that are neither',
      [hello, ...Array.from({ length: 3000 }, () => frame(FrameType.priority, 0, 3, Buffer.alloc(5)))],
      enhanceYourCalm,
      'control_frames',
    ],
  ])('%s', async (_, bytes, code, limit) => {
    const { port, server } = await start({ controlFramesPerSecondMax: 2000, pingsPerSecondMax: 2000 })
    const wire = dial(port)
    const still = frame(FrameType.ping, 0, 0, Buffer.from('not gone'))
    wire.socket.write(Buffer.concat([...bytes, still]))
    const frames = await wire.until((seen) =>
      seen.some(({ type, payload }) => type === FrameType.goaway || payload.toString('latin1') === 'not gone'),
    )
    const goaway = frames.find(({ type }) => type === FrameType.goaway)
    expect(goaway?.payload.readUInt32BE(4)).toBe(code)
    const hits = Object.entries(server.counters.limitHits).filter(([, count]) => count > 0)
    expect(hits).toEqual(limit === undefined ? [] : [[limit, 1]])
    await wire.untilClosed()
    await expectServed(port)
  })
})

describe('a breach that costs one stream', () => {
  const headers = (streamId: number, fields: readonly (readonly [string, string])[], flags = 0): Buffer =>
    frame(FrameType.headers, Flag.endHeaders | flags, streamId, block('/t.T/Echo', fields))
  test.each<[string, Uint8Array, number]>([
    ['a name with capitals', headers(1, [['Token', 'x']]), protocolError],
    ['a header of HTTP/1', headers(1, [['connection', 'close']]), protocolError],
    ['te that is not trailers', headers(1, [['te', 'gzip']]), protocolError],
    ['an unknown pseudo-header', headers(1, [[':status', '200']]), protocolError],
    ['a content-length that is none', headers(1, [['content-length', 'x']]), protocolError],
    [
      'a content-length that is not kept',
      Buffer.concat([headers(1, [['content-length', '8']]), frame(FrameType.data, Flag.endStream, 1, message)]),
      protocolError,
    ],
    ['HEADERS without a path', frame(FrameType.headers, 4, 1, Buffer.from([0x83, 0x86])), protocolError],
    [
      'trailers that do not end the stream',
      Buffer.concat([open(1), frame(FrameType.headers, 4, 1, Buffer.from([0, 1, 120, 1, 121]))]),
      protocolError,
    ],
    [
      'DATA after the end',
      Buffer.concat([request(1, '/t.T/Keep'), frame(FrameType.data, 0, 1, message)]),
      streamClosed,
    ],
    [
      'HEADERS after the end',
      Buffer.concat([request(1, '/t.T/Keep'), frame(FrameType.headers, 5, 1, Buffer.from([0, 1, 120, 1, 121]))]),
      streamClosed,
    ],
    [
      'WINDOW_UPDATE of a stream by nothing',
      Buffer.concat([open(1), frame(FrameType.windowUpdate, 0, 1, number(0))]),
      protocolError,
    ],
    [
      'a stream window of 2^31',
      Buffer.concat([open(1), frame(FrameType.windowUpdate, 0, 1, number(0x7fff_ffff))]),
      flowControlError,
    ],
    [
      'one stream too many',
      Buffer.concat([request(3, '/t.T/Keep'), request(5, '/t.T/Keep'), request(7, '/t.T/Keep')]),
      refusedStream,
    ],
  ])('%s', async (_, bytes, code) => {
    const { port } = await start({ concurrentStreamsMax: 2 })
    const wire = dial(port)
    wire.socket.write(
      Buffer.concat([hello, bytes, request(9, '/t.T/Keep'), frame(FrameType.ping, 0, 0, Buffer.alloc(8))]),
    )
    const frames = await wire.until((seen) => seen.some(({ type }) => type === FrameType.ping))
    expect(
      frames.filter(({ type }) => type === FrameType.rstStream).map(({ payload }) => readUint32(payload, 0))[0],
    ).toBe(code)
    expect(frames.some(({ type }) => type === FrameType.goaway)).toBe(false)
  })
})

test('a header list that is too large is answered 8, and the connection goes on', async () => {
  const { port } = await start({ headerListBytesMax: 1000 })
  const wire = dial(port)
  const large = frame(
    FrameType.headers,
    Flag.endHeaders | Flag.endStream,
    1,
    block('/t.T/Echo', [['x', 'y'.repeat(1000)]]),
  )
  wire.socket.write(Buffer.concat([hello, large, request(3)]))
  const frames = await wire.until(isAnswer(3))
  expect(frames.find(({ streamId }) => streamId === 1)?.payload.toString('latin1')).toContain(
    'the header list is larger than 1000 bytes',
  )
})

test('what repeats the words of a request fits into frames that its client takes', async () => {
  const { port } = await start()
  const wire = dial(port)
  const strange = block('/t.T/Echo', [['content-type', '"'.repeat(12_000)]])
  wire.socket.write(Buffer.concat([hello, frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, strange)]))
  const frames = await wire.until((seen) => seen.some(({ type, flags }) => type === FrameType.data && flags === 1))
  expect(frames.filter(({ streamId }) => streamId === 1).map(({ type, flags }) => [type, flags])).toEqual([
    [FrameType.headers, 0],
    [FrameType.continuation, Flag.endHeaders],
    [FrameType.data, 0],
    [FrameType.data, Flag.endStream],
  ])
  expect(frames.every(({ payload }) => payload.length <= 16_384)).toBe(true)
})

test('random bytes never harm the process or another client', async () => {
  const { port } = await start()
  const anyFrame = fc
    .tuple(
      fc.integer({ min: 0, max: 10 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 9 }),
      fc.uint8Array({ maxLength: 60 }),
    )
    .map(([type, flags, streamId, payload]) => frame(type, flags, streamId, payload))
  const mixture = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: anyFrame },
      fc.constantFrom(request(1), request(3), open(5), settings),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(mixture, fc.boolean(), async (pieces, greets) => {
      const wire = dial(port)
      wire.socket.end(Buffer.concat([greets ? hello : Buffer.alloc(0), ...pieces]))
      await wire.untilClosed()
    }),
    { numRuns: 300 },
  )
  await expectServed(port)
})

test('requests that arrive in part only cost a bounded amount of memory', async () => {
  const { port } = await start({ partialBytesMax: 1024 * 1024 })
  const wire = dial(port)
  wire.socket.write(hello)
  const begun = Buffer.concat([Buffer.from([0]), number(1024 * 1024), Buffer.alloc(16_000)])
  for (let i = 0; i < 100; i++)
    wire.socket.write(Buffer.concat([open(2 * i + 1), frame(FrameType.data, 0, 2 * i + 1, begun)]))
  const frames = await wire.until(isAnswer(199))
  const refused = frames.filter(({ type }) => type === FrameType.headers)
  expect(refused.length).toBeGreaterThan(30)
  expect(refused[0]?.payload.toString('latin1')).toContain('arrived in part only')
})

test('the same bytes mean the same wherever they are cut', async () => {
  const { port } = await start()
  const padded = frame(
    FrameType.headers,
    Flag.padded | Flag.priority,
    3,
    Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 9]), block('/t.T/Echo').subarray(0, 20), Buffer.alloc(4)]),
  )
  const script = Buffer.concat([
    hello,
    request(1),
    padded,
    frame(FrameType.continuation, 0, 3, block('/t.T/Echo').subarray(20, 30)),
    frame(FrameType.continuation, Flag.endHeaders, 3, block('/t.T/Echo').subarray(30)),
    frame(FrameType.data, Flag.padded, 3, Buffer.concat([Buffer.from([2]), message.subarray(0, 3), Buffer.alloc(2)])),
    frame(FrameType.priority, 0, 5, Buffer.alloc(5)),
    frame(0x77, 0, 0, Buffer.alloc(3)),
    frame(FrameType.data, 0, 3, message.subarray(3)),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 3, Buffer.from([0, 1, 120, 1, 121])),
    frame(FrameType.ping, 0, 0, Buffer.from('12345678')),
  ])
  const isDone = (frames: Seen[]): boolean => frames.some(({ type }) => type === FrameType.ping)
  const whole = dial(port)
  whole.socket.write(script)
  const expected = (await whole.until(isDone)).filter(({ type }) => type !== FrameType.windowUpdate)
  expect(
    expected.filter(({ type }) => type === FrameType.data).map(({ streamId, payload }) => [streamId, payload]),
  ).toEqual([
    [1, message],
    [3, message],
  ])

  const cutAt = async (at: number): Promise<void> => {
    const wire = dial(port)
    wire.socket.write(script.subarray(0, at))
    await pause(2)
    wire.socket.write(script.subarray(at))
    expect(
      (await wire.until(isDone)).filter(({ type }) => type !== FrameType.windowUpdate),
      `cut at ${at}`,
    ).toEqual(expected)
    wire.socket.destroy()
  }
  for (let at = 1; at < script.length; at += 32) {
    await Promise.all(Array.from({ length: Math.min(32, script.length - at) }, (_, i) => cutAt(at + i)))
  }
  // And byte by byte.
  const wire = dial(port)
  for (const byte of script) {
    wire.socket.write(Buffer.from([byte]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await wire.until(isDone)).filter(({ type }) => type !== FrameType.windowUpdate)).toEqual(expected)
})
