/**
 * A leader of Multi-Paxos proposes three words at once, for three slots of the log; the first one reaches nobody, and the leader
 * loses its power. The next leader finds the other two in phase 1, and a hole before them, which it fills with nothing:
 *
 *     npx node -C @synod/source examples/hole-in-the-log.ts
 */
import { decodeUtf8, encodeUtf8, voting, type Command } from 'synod'
import {
  defaultMultiPaxosOptions,
  MultiPaxos,
  type Durable,
  type Message,
  type MultiPaxosEnvironment,
  type Value,
} from 'synod/multi-paxos'
import { HandWorld, type UnderWay } from 'synod/testing'

const world = new HandWorld<MultiPaxos, Message, Durable>(['a', 'b', 'c'], (env, ids) => {
  // What a server would do with these: answer reads, follow the membership, install snapshots.
  const nothing = (): void => undefined
  const calls = { led: nothing, readable: nothing, unreadable: nothing, reconfigured: nothing, install: nothing }
  const member = new MultiPaxos(Object.assign(env, calls) satisfies MultiPaxosEnvironment, defaultMultiPaxosOptions)
  member.restore(member.bootstrap(voting(ids)))
  return member
})

/** Delivers what fits, and what follows from it and fits as well; the rest is lost. */
function deliver(what: string, fits: (one: UnderWay<Message>) => boolean = () => true): void {
  console.log(`\n${what}`)
  world.deliverAll((one) => {
    const isNext = fits(one)
    const told = isNext && one.from !== one.to ? inWords(one.message) : ''
    if (told !== '') console.log(`  ${one.from} → ${one.to}  ${told}`)
    return isNext
  })
  for (const one of world.underWay.slice()) world.lose(one)
}

world.fire('a', 'election')
deliver('a asks who would promise a ballot, prepares it for all slots at once, and leads:')

world.ask('a', (member) => member.propose(command('one')))
deliver('its accept for the first word is lost on every link', ({ from, to }) => from === to)
world.ask('a', (member) => member.propose(command('two')))
world.ask('a', (member) => member.propose(command('three')))
deliver('it does not wait for that: two more are on their way, and reach b', ({ to }) => to !== 'c')

world.crash('a')
for (const id of ['b', 'c']) world.fire(id, 'lease')
world.fire('b', 'election')
deliver('a has lost its power; b comes to lead, and fills the hole:', ({ to }) => to !== 'a')

console.log('\nthe log, as each has decided it:')
for (const id of ['b', 'c']) {
  const decided = world.decided.filter((one) => one.id === id)
  console.log(`  ${id}: ${decided.map(({ index, command: word }) => `${index} ${said(word)}`).join(', ')}`)
}

function command(word: string): Command {
  return { origin: word, sequence: 1, checksum: 0, bytes: encodeUtf8(word) }
}

function said(word: Command | undefined): string {
  return word === undefined ? 'nothing' : decodeUtf8(word.bytes)
}

function inWords(message: Message): string {
  const ballot = 'ballot' in message ? `${message.ballot.round}.${message.ballot.id}` : ''
  const held = (slot: number, value: Value): string => `${slot} ${said(value.command)}`
  switch (message.type) {
    case 'canvass':
      return `who would promise round ${message.round}?`
    case 'support':
      return `I would`
    case 'prepare':
      return `prepare ${ballot}, from slot ${message.from} on`
    case 'promise':
      return `promise ${ballot}, accepted: ${message.accepted.map(({ slot, value }) => held(slot, value)).join(', ') || 'nothing'}`
    case 'accept':
      return message.proposals.length === 0
        ? ''
        : `accept ${ballot}: ${message.proposals.map(({ slot, value }) => held(slot, value)).join(', ')}`
    case 'accepted':
      return message.slots.length === 0 ? '' : `accepted ${ballot}: ${message.slots.join(', ')}`
    case 'refused':
    case 'handOver':
    case 'learn':
    case 'chosen':
    case 'installSnapshot':
    case 'askPromise':
    case 'tellPromise':
      return message.type
  }
}
