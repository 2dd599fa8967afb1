import { ConnectionError, ErrorCode } from './frames.ts'

/**
 * Code lengths in bits of the symbols 0 to 255 and EOS (RFC 7541, Appendix B). The code is canonical: ordered by
 * length and then by symbol, codes are consecutive, so that the lengths say everything.
 */
// oxfmt-ignore
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]

const endOfString = 256
const longestCode = 30

/**
 * The code as a machine that eats four bits at a time. A state is an inner node of the code's tree (there are 256);
 * `steps[state * 16 + bits]` is the next state, the symbol completed on the way, and two marks, packed.
 */
const steps = buildSteps()

const emits = 0x100
const invalid = 0x200
/** The string may end here: since the last symbol there were fewer than eight bits, all ones (RFC 7541 §5.2). */
const complete = 0x400
const stateShift = 16

/** Decodes `bytes[from, to)`; throws COMPRESSION_ERROR for what no encoder writes. The result is Latin-1: one character a byte. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  let step = complete
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    step = steps[(step >>> stateShift) * 16 + (byte >>> 4)] ?? invalid
    if ((step & emits) !== 0) text += String.fromCharCode(step & 0xff)
    if ((step & invalid) !== 0) break
    step = steps[(step >>> stateShift) * 16 + (byte & 0xf)] ?? invalid
    if ((step & emits) !== 0) text += String.fromCharCode(step & 0xff)
    if ((step & invalid) !== 0) break
  }
  if ((step & complete) === 0) {
    throw new ConnectionError(ErrorCode.compressionError, 'a Huffman-coded string does not end as one')
  }
  return text
}

/** `children[node * 2 + bit]`: an inner node, or the complement of a symbol. */
function buildTree(): number[] {
  const children: number[] = [0, 0]
  let code = 0
  for (let length = 1; length <= longestCode; length++) {
    code *= 2
    for (let symbol = 0; symbol <= endOfString; symbol++) {
      if (codeLengths[symbol] !== length) continue
      let node = 0
      for (let bit = length - 1; bit > 0; bit--) {
        const branch = node * 2 + ((code >>> bit) & 1)
        if (children[branch] === 0) {
          children[branch] = children.length / 2
          children.push(0, 0)
        }
        node = children[branch] ?? 0
      }
      children[node * 2 + (code & 1)] = ~symbol
      code++
    }
  }
  return children
}

function buildSteps(): Uint32Array {
  const children = buildTree()
  const nodes = children.length / 2
  // The nodes on the path of ones from the root, fewer than eight deep: where padding may stop.
  const padding = new Set<number>()
  for (let node = 0, depth = 0; depth < 8; depth++) {
    padding.add(node)
    node = children[node * 2 + 1] ?? 0
  }
  const table = new Uint32Array(nodes * 16)
  for (let node = 0; node < nodes; node++) {
    for (let bits = 0; bits < 16; bits++) table[node * 16 + bits] = stepFrom(children, padding, node, bits)
  }
  return table
}

/** The shortest code has five bits: four bits complete one symbol at most. */
function stepFrom(children: readonly number[], padding: ReadonlySet<number>, from: number, bits: number): number {
  let node = from
  let step = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[node * 2 + ((bits >>> bit) & 1)] ?? 0
    if (~next === endOfString) return 0x200
    if (next < 0) step = 0x100 | ~next
    node = next < 0 ? 0 : next
  }
  return (node << 16) | step | (padding.has(node) ? 0x400 : 0)
}
