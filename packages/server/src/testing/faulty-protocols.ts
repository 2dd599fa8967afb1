import { raftSubject } from 'synod/testing'
import { protocolOf, protocolNamed, type Protocol } from '../cli/simulate/protocols.ts'

const { settings, describe } = protocolNamed('raft')

/** Raft, and the wrong belief that no node ever starts twice: one crash disproves it. */
const startsOnce: typeof raftSubject = {
  ...raftSubject,
  name: 'starts-once',
  play(plan, stage) {
    const play = raftSubject.play(plan, stage)
    const belief: (typeof play.invariants)[number] = {
      name: 'a node starts once',
      watch:
        () =>
        ({ id, incarnation }) =>
          incarnation > 1 ? `${id} started again` : undefined,
    }
    return Object.assign(play, { invariants: [...play.invariants, belief] })
  },
}

/** Raft, until its second seed ends the thread that plays it. */
const dies: typeof raftSubject = {
  ...raftSubject,
  name: 'dies',
  play(plan, stage) {
    if (plan.seed === 2) process.exit(7)
    return raftSubject.play(plan, stage)
  },
}

/** Raft, but none of its runs ever ends. */
const hangs: typeof raftSubject = {
  ...raftSubject,
  name: 'hangs',
  play(plan, stage) {
    while (plan.seed > 0) continue
    return raftSubject.play(plan, stage)
  },
}

/** Protocols that fail, for tests of what is said then. */
export function faultyProtocol(name: string): Protocol {
  const found = [startsOnce, dies, hangs].find((subject) => subject.name === name)
  if (found === undefined) throw new TypeError(`there is no faulty protocol ${name}`)
  return protocolOf(found, { argument: name, settings, describe })
}
