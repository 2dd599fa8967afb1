import { ConnectionError } from '../../packages/synod/src/grpc/frames.ts'
import { HeaderDecoder, HeaderEncoder } from '../../packages/synod/src/grpc/hpack.ts'
import { HeadReader } from '../../packages/synod/src/grpc/request.ts'
import { Routes } from '../../packages/synod/src/grpc/routes.ts'
import { joined, mutate, type Draw } from './draw.ts'
import { check, expecting, type Target } from './target.ts'

const listBytesMax = 2000
const blockMax = 255

const names = [':method', ':path', ':scheme', 'te', 'content-type', 'grpc-timeout', 'token', 'x'.repeat(60)]
const values = ['POST', '/t.T/Echo', 'http', 'trailers', 'application/grpc', '5S', '', 'v'.repeat(150)]

/** The RFC's own Huffman-coded requests, of which an encoder of ours makes none. */
const huffman = [
  '828684418cf1e3c2e5f23a6ba0ab90f4ff',
  '828684be5886a8eb10649cbf',
  '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')))

function blockOf(draw: Draw, encoder: HeaderEncoder): Uint8Array {
  if (draw.chance(0.2)) return draw.of(huffman)
  const out: number[] = []
  if (draw.chance(0.1)) encoder.limitTable(draw.below(5000))
  encoder.begin(out)
  for (let i = draw.below(6); i >= 0; i--) {
    if (draw.chance(0.5)) encoder.indexed(out, draw.of(names), draw.of(values))
    else encoder.literal(out, draw.of(names), draw.of(values))
  }
  return Uint8Array.from(out.slice(0, blockMax))
}

/** Blocks of one connection, each behind a byte with its length: the table goes on from one to the next. */
export const hpack: Target = {
  about: 'header blocks, Huffman codes, the dynamic table, and what a request says',
  input(draw) {
    const encoder = new HeaderEncoder()
    const blocks = Array.from({ length: 1 + draw.below(6) }, () => blockOf(draw, encoder))
    const attacked = blocks.map((block) => mutate(draw, block, blocks).subarray(0, blockMax))
    return joined(...attacked.flatMap((block) => [Uint8Array.of(block.length), block]))
  },
  run(input) {
    const decoder = new HeaderDecoder(listBytesMax)
    const routes = new Routes(new Map())
    const heads = new HeadReader(listBytesMax, (path) => routes.find(path))
    expecting(
      () => {
        for (let at = 0; at < input.length;) {
          const to = Math.min(input.length, at + 1 + (input[at] ?? 0))
          const list = decoder.decode(input, at + 1, to)
          const size = list.fields.reduce((sum, field) => sum + field.size, 0)
          check(size <= listBytesMax, `a list of at most ${listBytesMax} bytes, not ${size}`)
          heads.read(list)
          at = to
        }
      },
      (error) => error instanceof ConnectionError,
    )
  },
}
