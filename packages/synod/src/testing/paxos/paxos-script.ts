import { assert, decodeUtf8, encodeUtf8, present, type Command, type NodeId } from '../../core/index.ts'
import { HandWorld, type UnderWay } from '../hand-world.ts'
import {
  defaultPaxosOptions,
  Paxos,
  type Ballot,
  type Durable,
  type Message,
  type PaxosOptions,
  type Proposal,
} from '../../protocols/paxos/index.ts'
import { playBlocks } from '../script-blocks.ts'

export type PaxosWorld = HandWorld<Paxos, Message, Durable>

export function paxosWorld(
  names: string,
  options: Partial<PaxosOptions> = {},
  disks: 'at once' | 'by hand' = 'at once',
): PaxosWorld {
  const make: ConstructorParameters<typeof HandWorld<Paxos, Message, Durable>>[1] = (env, ids) =>
    new Paxos(env, ids, { ...defaultPaxosOptions, ...options })
  return new HandWorld(names.split(''), make, { disks })
}

export function value(text: string): Command {
  return { origin: text, sequence: 1, checksum: 0, bytes: encodeUtf8(text) }
}

/** Plays a script and gives it back with what was heard: commands, a line `----`, and what came of them. */
export function playScript(text: string): string {
  let world: PaxosWorld | undefined
  return playBlocks(text, (verb, words) => {
    if (verb !== 'nodes') return act(present(world, 'a script begins with: nodes a b c'), verb, words)
    world = paxosWorld(words.join(''))
    return []
  })
}

function act(world: PaxosWorld, verb: string, words: readonly string[]): string[] {
  const before = new Set(world.underWay)
  const decided = world.decided.length
  const [first = '', second = '', third = ''] = words
  const heard: string[] = []
  switch (verb) {
    case 'propose':
      world.ask(first, (paxos) => paxos.propose(value(second)))
      break
    case 'retry':
      world.fire(first, 'retry')
      break
    case 'crash':
      world.crash(first)
      break
    case 'start':
      world.start(first)
      break
    // deliver prepare a b: that of a to b; deliver: all, and what follows
    case 'deliver':
      if (first === '') return deliverAll(world)
      world.deliver(found(world, first, second, third))
      break
    case 'lose':
      world.lose(found(world, first, second, third))
      break
    default:
      assert(false, `a script has no command ${verb}`)
  }
  for (const one of world.underWay) if (!before.has(one)) heard.push(told(one))
  for (const { id, command } of world.decided.slice(decided)) heard.push(`${id} learns ${textOf(command)}`)
  return heard
}

/** The oldest first: each delivery with all that comes of it. */
function deliverAll(world: PaxosWorld): string[] {
  const heard: string[] = []
  for (let next = world.underWay[0]; next !== undefined; next = world.underWay[0]) {
    const { message, from, to } = next
    heard.push(...act(world, 'deliver', [message.type, from, to]))
  }
  return heard
}

function found(world: PaxosWorld, type: string, from: NodeId, to: NodeId): UnderWay<Message> {
  const one = world.underWay.find((sent) => sent.message.type === type && sent.from === from && sent.to === to)
  return present(one, `a ${type} of ${from} to ${to} is under way`)
}

function told({ from, to, message }: UnderWay<Message>): string {
  return `${from} → ${to}  ${inWords(message)}`
}

function inWords(message: Message): string {
  switch (message.type) {
    case 'wish':
      return `propose ${textOf(message.value)} for me`
    case 'prepare':
      return `prepare ${named(message.ballot)}`
    case 'promise':
      return `promise ${named(message.ballot)}${message.accepted === undefined ? '' : `, accepted ${proposal(message.accepted)}`}`
    case 'accept':
      return `accept ${proposal(message)}`
    case 'accepted':
      return `accepted ${proposal(message)}`
    case 'refused':
      return `refused ${named(message.ballot)}, promised ${named(message.promised)}`
    case 'chosen':
      return `chosen ${proposal(message)}`
  }
}

function named({ round, id }: Ballot): string {
  return `${round}.${id}`
}

function proposal({ ballot, value: { bytes } }: Proposal): string {
  return `${decodeUtf8(bytes)} in ${named(ballot)}`
}

function textOf(command: Command | undefined): string {
  return command === undefined ? 'nothing' : decodeUtf8(command.bytes)
}
