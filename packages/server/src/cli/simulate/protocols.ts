import { defaultBenOrOptions } from 'synod/ben-or'
import { store, type StoreOperation } from 'synod/history'
import { defaultMemberOptions } from 'synod/member'
import { defaultMultiPaxosOptions } from 'synod/multi-paxos'
import { defaultPaxosOptions } from 'synod/paxos'
import { defaultRaftOptions } from 'synod/raft'
import { drawPlan, shrink, simulate } from 'synod/simulator'
import type {
  Inhabitant,
  Outcome,
  Plan,
  RunOptions,
  Shrunk,
  ShrinkOptions,
  Subject,
  SwarmOptions,
} from 'synod/simulator'
import {
  benOrSubject,
  chandraTouegSubject,
  detectorSubject,
  multiPaxosSubject,
  paxosSubject,
  perfectDetectorSubject,
  raftSubject,
  strongConsensusSubject,
} from 'synod/testing'
import { UsageError } from '../exit.ts'
import { closest } from '../suggestions.ts'
import { isFile, subjectOfFile } from './protocol-file.ts'

/** What is told of a run while it goes on: a client that asks or is answered, a member that logs. */
export interface Told {
  readonly at: number
  readonly who: string
  readonly text: string
}

/** Told of each thing that happens. */
export type Tell = (told: Told) => void

/** Who follows a run while it goes on. */
export interface Listener extends Pick<RunOptions, 'beat'> {
  readonly tell?: Tell | undefined
}

/** A protocol as the command knows it: what its members and nodes are made of is its own affair. */
export interface Protocol {
  readonly name: string
  /** How the command line names it. */
  readonly argument: string
  /** All settings that a scenario may fix, each with a value of its type. undefined: nobody knows. */
  readonly settings: unknown
  draw(seed: number, options: SwarmOptions): Plan
  run(plan: Plan, listener?: Listener): Played
  shrink(plan: Plan, invariant: string, options: ShrinkOptions): Shrunk | undefined
  /** A client's operation, as a person reads it. */
  readonly describe: (operation: unknown) => string
  /** What an administrator asks for, likewise. */
  readonly describeErrand: (operation: unknown) => string
}

/** A run, and which situations it might have reached. */
export type Played = Outcome & { readonly situations: readonly string[] }

/** Those that can be attacked, by name. */
const protocols: readonly Protocol[] = [
  protocolOf(raftSubject, {
    argument: raftSubject.name,
    settings: { raft: defaultRaftOptions, member: defaultMemberOptions },
    describe: (operation) => store().describe(operation as StoreOperation, undefined),
  }),
  protocolOf(multiPaxosSubject, {
    argument: multiPaxosSubject.name,
    settings: { multiPaxos: defaultMultiPaxosOptions, member: defaultMemberOptions },
    describe: (operation) => store().describe(operation as StoreOperation, undefined),
  }),
  protocolOf(paxosSubject, {
    argument: paxosSubject.name,
    settings: { paxos: { ...defaultPaxosOptions, quorums: { prepare: 2, accept: 2 }, distinguished: 'a' } },
    describe: (operation) => JSON.stringify(operation),
  }),
  protocolOf(benOrSubject, {
    argument: benOrSubject.name,
    settings: {
      benOr: { ...defaultBenOrOptions, f: 1, coin: { type: 'common', seed: 1, confirmed: true } },
      liars: ['a'],
    },
    describe: (operation) => JSON.stringify(operation),
  }),
  bare(detectorSubject),
  bare(perfectDetectorSubject),
  bare(chandraTouegSubject),
  bare(strongConsensusSubject),
]

/** One of those, or that of a file of the user's. Throws `UsageError`. */
export async function findProtocol(argument: string): Promise<Protocol> {
  if (!isFile(argument)) return protocolNamed(argument)
  return bare(await subjectOfFile(argument), argument)
}

/** A bare protocol: what it is asked is JSON, and what a scenario may fix of its settings nobody knows. */
function bare<Dweller extends Inhabitant, Node>(subject: Subject<Dweller, Node>, argument = subject.name): Protocol {
  return protocolOf(subject, { argument, settings: undefined, describe: (operation) => JSON.stringify(operation) })
}

/** Throws `UsageError` for one that there is not. */
export function protocolNamed(name: string): Protocol {
  const found = protocols.find((protocol) => protocol.name === name)
  if (found !== undefined) return found
  const names = protocols.map((protocol) => protocol.name)
  const meant = closest(name, names)
  throw new UsageError(
    `the protocol ${JSON.stringify(name)} is unknown: ${meant === undefined ? `there is ${names.join(', ')}, or name the file of your own, ./${name}.ts` : `did you mean ${meant}?`}`,
  )
}

/** What the command needs to know of a subject beyond the subject itself. */
export function protocolOf<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  words: Pick<Protocol, 'argument' | 'settings' | 'describe'>,
): Protocol {
  return {
    ...words,
    name: subject.name,
    describeErrand: (operation) => subject.administration?.describe(operation) ?? JSON.stringify(operation),
    draw: (seed, options) => drawPlan(subject, seed, options),
    run(plan, { tell, beat } = {}) {
      const situations: string[] = []
      const observed = overheard(subject, situations, words.describe, tell)
      return { ...simulate(observed, plan, { ...(tell === undefined ? {} : logOf(tell)), beat }), situations }
    },
    shrink: (plan, invariant, options) => shrink(subject, plan, invariant, options),
  }
}

/** The same subject; what its situations are called, and what its clients say, is heard. */
function overheard<Dweller extends Inhabitant, Node>(
  subject: Subject<Dweller, Node>,
  situations: string[],
  describe: Protocol['describe'],
  tell: Tell | undefined,
): Subject<Dweller, Node> {
  return {
    ...subject,
    play(plan, stage) {
      const play = subject.play(plan, stage)
      situations.push(...play.situations.map(({ name }) => name))
      if (tell === undefined) return play
      const submit = play.submit.bind(play)
      const abandoned = play.abandoned.bind(play)
      play.submit = (id, client, operation, answer) => {
        tell({ at: stage.now(), who: client, text: `asks ${id}: ${describe(operation)}` })
        submit(id, client, operation, (how, said) => {
          tell({ at: stage.now(), who: client, text: `is answered: ${how}` })
          answer(how, said)
        })
      }
      const administer = play.administer?.bind(play)
      if (administer !== undefined) {
        play.administer = (id, operation, answer) =>
          administer(id, operation, (how) => {
            tell({ at: stage.now(), who: 'administrator', text: `is answered by ${id}: ${how}` })
            answer(how)
          })
      }
      play.abandoned = (client) => {
        tell({ at: stage.now(), who: client, text: 'does not wait any longer' })
        abandoned(client)
      }
      return play
    },
  }
}

function logOf(tell: Tell): RunOptions {
  return {
    log: (at, id, level, message, fields) => {
      const rest = Object.entries(fields ?? {}).map(([name, value]) => ` ${name}=${valueText(value)}`)
      tell({
        at,
        who: id,
        text: `${level === 'warn' || level === 'error' ? `${level}: ` : ''}${message}${rest.join('')}`,
      })
    },
  }
}

/** Of an error, JSON would have nothing. */
function valueText(value: unknown): string {
  if (value instanceof Error) return value.message
  return typeof value === 'string' ? value : JSON.stringify(value)
}
