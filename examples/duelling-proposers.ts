/**
 * Two proposers of Paxos overtake each other, once; then the one that is behind finds what the other one has had accepted,
 * and proposes that. Message by message, in a world in which nothing happens by itself:
 *
 *     npx node -C @synod/source examples/duelling-proposers.ts
 */
import { encodeUtf8, decodeUtf8, type Command } from 'synod'
import { defaultPaxosOptions, Paxos, type Durable, type Message } from 'synod/paxos'
import { HandWorld, type UnderWay } from 'synod/testing'

const world = new HandWorld<Paxos, Message, Durable>(
  ['a', 'b', 'c'],
  (env, ids) => new Paxos(env, ids, { ...defaultPaxosOptions, acceptedTo: 'proposer' }),
)

/** Delivers what fits, and what follows from it and fits as well. */
function deliver(what: string, fits: (one: UnderWay<Message>) => boolean): void {
  console.log(`\n${what}`)
  world.deliverAll((one) => {
    const isNext = fits(one)
    if (isNext) console.log(`  ${one.from} → ${one.to}  ${inWords(one.message)}`)
    return isNext
  })
}

world.ask('a', (paxos) => paxos.propose(value('x')))
deliver('a prepares', ({ to, message }) => to !== 'b' && message.type !== 'accept')
world.ask('b', (paxos) => paxos.propose(value('y')))
deliver('b prepares, with a higher ballot', ({ from, to, message }) => {
  return (from === 'b' || to === 'b') && to !== 'a' && from !== 'a' && message.type !== 'accept'
})
deliver(
  "a's proposal comes too late at c",
  ({ from, to }) => (from === 'a' && to === 'c') || (from === 'c' && to === 'a'),
)
deliver("b's is accepted by itself, and nobody hears of it", ({ from, to, message }) => {
  return from === 'b' && to === 'b' && message.type === 'accept'
})
world.fire('a', 'retry')
deliver('a tries again, with b and c: b reports y, so a proposes y', ({ message }) => {
  return 'ballot' in message && message.ballot.id === 'a' && message.ballot.round === 2
})
world.deliverAll()
console.log()
for (const { id, command } of world.decided) console.log(`${id} has learnt ${command && decodeUtf8(command.bytes)}`)

function value(text: string): Command {
  return { origin: text, sequence: 1, checksum: 0, bytes: encodeUtf8(text) }
}

function inWords(message: Message): string {
  const { round, id } = 'ballot' in message ? message.ballot : { round: 0, id: '' }
  const said = 'value' in message ? ` ${decodeUtf8(message.value.bytes)}` : ''
  const accepted = message.type === 'promise' ? message.accepted : undefined
  const reported = accepted === undefined ? '' : `, accepted ${decodeUtf8(accepted.value.bytes)}`
  return `${message.type} ${round}.${id}${said}${reported}`
}
