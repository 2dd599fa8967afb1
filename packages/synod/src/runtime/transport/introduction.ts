import { once } from 'node:events'
import {
  type Introduction,
  Malformed,
  Reader,
  readMembership,
  tlsFailure,
  Writer,
  writeMembership,
} from '../../core/index.ts'
import type { Address } from '../../member/index.ts'
import { dialPeer, isOutsider, type PeerTls } from './authentication.ts'

/**
 * How somebody who was added to a cluster, and knows nothing yet but the addresses of its members, gets to know the rest.
 * On a connection of its own to a peer address it says a question, and is answered once:
 *
 *     question   'SYNQ'  u32 version
 *     answer     'SYNI'  u32 version, 0: not known yet  u32 length  body: cluster decided membership protocol, or nothing
 */
const question = 'SYNQ'
const answer = 'SYNI'
const version = 2
const questionLength = 8
const answerHead = 12
/** A membership of thousands is less. */
const bodyMax = 4 * 1024 * 1024

function head(magic: string, ...numbers: readonly number[]): Writer {
  const out = new Writer(256)
  for (const character of magic) out.u8(character.charCodeAt(0))
  for (const number of numbers) out.u32(number)
  return out
}

/** A connection that begins with this is a question, not a greeting. `undefined`: more bytes are needed. */
export function isQuestion(bytes: Uint8Array): boolean | undefined {
  for (let i = 0; i < Math.min(question.length, bytes.length); i++) {
    if (bytes[i] !== question.charCodeAt(i)) return false
  }
  return bytes.length < questionLength ? undefined : true
}

export function encodeIntroduction(introduction: Introduction | undefined): Uint8Array {
  const body = new Writer(1024)
  if (introduction !== undefined) {
    body.text(introduction.cluster)
    body.u53(introduction.decided)
    writeMembership(introduction.membership, body)
    body.text(introduction.protocol)
  }
  const out = head(answer, introduction === undefined ? 0 : version)
  out.bytes(body.control.subarray(0, body.length))
  return out.control.slice(0, out.length)
}

/** `undefined`: more bytes are needed. Throws `Malformed` for bytes that no member said. */
export function readIntroduction(bytes: Uint8Array): { readonly said: Introduction | undefined } | undefined {
  for (let i = 0; i < Math.min(answer.length, bytes.length); i++) {
    if (bytes[i] !== answer.charCodeAt(i)) throw new Malformed('what answers there is no peer')
  }
  if (bytes.length < answerHead) return undefined
  const input = new Reader(bytes.subarray(answer.length))
  const spoken = input.u32()
  if (spoken !== 0 && spoken !== version)
    throw new Malformed(`it answers in version ${spoken}; this program knows version ${version}`)
  const length = input.u32()
  if (length > bodyMax) throw new Malformed(`an answer of ${length} bytes is announced, ${bodyMax} are allowed`)
  if (bytes.length < answerHead + length) return undefined
  if (spoken === 0) return { said: undefined }
  const body = new Reader(bytes.subarray(answerHead, answerHead + length))
  const [cluster, decided, membership] = [body.text(), body.u53(), readMembership(body)]
  return { said: { cluster, protocol: body.text(), decided, membership } }
}

/** Who takes part, says the member at this address. Rejects with an `Error` whose message says why nobody said so. */
export async function askForIntroduction(address: Address, timeoutMs: number, tls?: PeerTls): Promise<Introduction> {
  const { socket, ready } = dialPeer(address, tls)
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    await once(socket, ready)
    const outsider = address.secure && tls !== undefined ? isOutsider(socket, tls) : undefined
    if (outsider !== undefined) throw new Error(`who answers there is no member: ${outsider}`)
    socket.write(head(question, version).control.slice(0, questionLength))
    let heard: Uint8Array = new Uint8Array(0)
    for await (const chunk of socket) {
      heard = Buffer.concat([heard, chunk as Uint8Array])
      const read = readIntroduction(heard)
      if (read === undefined) continue
      if (read.said === undefined) throw new Error('it is still reading its disk')
      return read.said
    }
    throw new Error('it closed the connection')
  } catch (error) {
    const why = error instanceof Error ? tlsFailure(error) : undefined
    throw why === undefined ? error : new Error(why, { cause: error })
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}
