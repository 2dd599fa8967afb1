import {
  Malformed,
  type Codec as ProtocolCodec,
  type Channel,
  type Command,
  type Index,
  type MembershipChange,
  type ReadId,
  type Reader,
  type Term,
  type Writer,
} from '../core/index.ts'
import { changeRefusals, readChanges, writeChanges, type ChangeRefusal } from './changes-codec.ts'

/** What members say to each other beside their protocol's own messages. */
export type Wire<Message> =
  | { readonly type: 'protocol'; readonly message: Message }
  /**
   * A command for the leader of `term`, who proposes it in that term or never: so its origin can tell for certain when
   * it is lost. May be repeated; sequences below `lowest` are settled.
   */
  | { readonly type: 'forward'; readonly term: Term; readonly lowest: number; readonly command: Command }
  /** Certainly not proposed, nor will it be. */
  | {
      readonly type: 'refused'
      readonly term: Term
      readonly sequence: number
      readonly reason: 'overloaded' | 'no-space'
    }
  /** There is no room on my disk for entries: they were not taken. */
  | { readonly type: 'full' }
  /** Which index must I have applied to answer reads that arrived before this question? */
  | { readonly type: 'read'; readonly term: Term; readonly id: ReadId }
  | { readonly type: 'readable'; readonly id: ReadId; readonly index: Index }
  | { readonly type: 'unreadable'; readonly id: ReadId }
  /** The next bytes of a snapshot's file; the one who needs it asks, at its own pace, and may ask again. */
  | { readonly type: 'fetch'; readonly index: Index; readonly term: Term; readonly offset: number }
  | {
      readonly type: 'chunk'
      readonly index: Index
      readonly term: Term
      readonly offset: number
      readonly total: number
      readonly bytes: Uint8Array
    }
  | { readonly type: 'gone'; readonly index: Index; readonly term: Term }
  /** A change of the membership for the leader of `term`, who appends it in that term or never. May be repeated. */
  | {
      readonly type: 'change'
      readonly term: Term
      readonly id: number
      readonly changes: readonly MembershipChange[]
    }
  /** It is in the leader's log at `index`: whoever asked sees by its own log whether it is decided there, or lost. */
  | { readonly type: 'changing'; readonly id: number; readonly index: Index }
  /** Certainly not in the log. */
  | { readonly type: 'unchanged'; readonly id: number; readonly code: ChangeRefusal['code']; readonly message: string }

type Codec<Message> = Pick<ProtocolCodec<Message, never>, 'message' | 'readMessage'>

const kinds = [
  'protocol',
  'forward',
  'refused',
  'full',
  'read',
  'readable',
  'unreadable',
  'fetch',
  'chunk',
  'gone',
  'change',
  'changing',
  'unchanged',
] as const
const reasons = ['overloaded', 'no-space'] as const

export function writeWire<Message>(wire: Wire<Message>, codec: Codec<Message>, out: Writer): void {
  out.u8(kinds.indexOf(wire.type))
  switch (wire.type) {
    case 'protocol':
      return codec.message(wire.message, out)
    case 'forward':
      out.u53(wire.term)
      out.u53(wire.lowest)
      return out.command(wire.command)
    case 'refused':
      out.u53(wire.term)
      out.u53(wire.sequence)
      return out.u8(reasons.indexOf(wire.reason))
    case 'full':
      return
    case 'read':
      out.u53(wire.term)
      return out.u53(wire.id)
    case 'readable':
      out.u53(wire.id)
      return out.u53(wire.index)
    case 'unreadable':
      return out.u53(wire.id)
    case 'fetch':
      out.u53(wire.index)
      out.u53(wire.term)
      return out.u53(wire.offset)
    case 'chunk':
      out.u53(wire.index)
      out.u53(wire.term)
      out.u53(wire.offset)
      out.u53(wire.total)
      return out.bytes(wire.bytes)
    case 'gone':
      out.u53(wire.index)
      return out.u53(wire.term)
    case 'change':
      out.u53(wire.term)
      out.u53(wire.id)
      return writeChanges(wire.changes, out)
    case 'changing':
      out.u53(wire.id)
      return out.u53(wire.index)
    case 'unchanged':
      out.u53(wire.id)
      out.u8(changeRefusals.indexOf(wire.code))
      return out.text(wire.message)
  }
}

/** Throws `Malformed` for bytes that no member of this version wrote. */
export function readWire<Message>(input: Reader, codec: Codec<Message>): Wire<Message> {
  const wire = readBody(input, codec)
  input.done()
  return wire
}

function readBody<Message>(input: Reader, codec: Codec<Message>): Wire<Message> {
  const kind = input.u8()
  const type = kinds[kind]
  if (type === undefined) throw new Malformed(`a frame of unknown kind ${kind}`)
  switch (type) {
    case 'protocol':
      return { type, message: codec.readMessage(input) }
    case 'forward':
      return { type, term: input.u53(), lowest: input.u53(), command: input.command() }
    case 'refused': {
      const [term, sequence, reason] = [input.u53(), input.u53(), reasons[input.u8()]]
      if (reason === undefined) throw new Malformed('a refusal without a known reason')
      return { type, term, sequence, reason }
    }
    case 'full':
      return { type }
    case 'read':
      return { type, term: input.u53(), id: input.u53() }
    case 'readable':
      return { type, id: input.u53(), index: input.u53() }
    case 'unreadable':
      return { type, id: input.u53() }
    case 'fetch':
      return { type, index: input.u53(), term: input.u53(), offset: input.u53() }
    case 'chunk':
      return {
        type,
        index: input.u53(),
        term: input.u53(),
        offset: input.u53(),
        total: input.u53(),
        bytes: input.bytes(),
      }
    case 'gone':
      return { type, index: input.u53(), term: input.u53() }
    case 'change':
      return { type, term: input.u53(), id: input.u53(), changes: readChanges(input) }
    case 'changing':
      return { type, id: input.u53(), index: input.u53() }
    case 'unchanged': {
      const [id, code, message] = [input.u53(), changeRefusals[input.u8()], input.text()]
      if (code === undefined) throw new Malformed('a refusal without a known code')
      return { type, id, code, message }
    }
  }
}

/** Entries go with the bulk, snapshots by themselves: what is urgent never waits behind either. */
export function channelOf<Message>(
  wire: Wire<Message>,
  codec: Pick<ProtocolCodec<Message, never>, 'urgency'>,
): Channel {
  if (wire.type === 'protocol') return codec.urgency(wire.message)
  if (wire.type === 'chunk') return 'snapshot'
  return wire.type === 'forward' ? 'bulk' : 'urgent'
}
