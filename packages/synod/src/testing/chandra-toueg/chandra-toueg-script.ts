import {
  assert,
  encodeUtf8,
  present,
  type Command,
  type Decides,
  type Environment,
  type NodeId,
  type Protocol,
} from '../../core/index.ts'
import {
  ChandraToueg,
  StrongConsensus,
  type DetectorMaker,
  type Durable,
  type Message,
  type Round,
  type StrongMessage,
} from '../../protocols/chandra-toueg/index.ts'
import type { Detection, FailureDetector } from '../../protocols/failure-detectors/index.ts'
import { playBlocks } from '../script-blocks.ts'

type AnyMessage = Message | StrongMessage
type AnyProcess = Pick<Protocol<unknown, AnyMessage, Durable>, 'receive' | 'restore' | 'start' | 'timeout'> & {
  propose(command: Command): boolean
  readonly state: { readonly round: Round; readonly detection: Detection }
}

interface Letter {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: AnyMessage
}

export function valueOf(word: string): Command {
  return { origin: word, sequence: 1, checksum: 0, bytes: encodeUtf8(word) }
}

/** It suspects whomever the script says. */
const obedient: DetectorMaker = (_env, _nodes, place) => {
  const suspected = (): readonly NodeId[] => place().output.suspected
  const nothing = (): void => undefined
  return {
    start: nothing,
    receive: nothing,
    timeout: nothing,
    suspects: (id) => suspected().includes(id),
    get suspected() {
      return suspected()
    },
  } satisfies FailureDetector
}

/** Processes whose every step is a line of a script. What is persisted is durable at once. */
export class ScriptWorld {
  readonly nodes: readonly NodeId[]
  readonly letters: Letter[] = []
  /** What was sent to others, in all. */
  sent = 0
  readonly told: string[] = []
  private readonly kind: string
  private readonly processes = new Map<NodeId, AnyProcess>()
  private readonly records = new Map<NodeId, Durable[]>()
  private readonly armed = new Map<NodeId, Set<string>>()
  private readonly held = new Set<string>()

  constructor(kind: string, nodes: readonly NodeId[]) {
    this.kind = kind
    this.nodes = nodes
    for (const id of nodes) this.start(id)
  }

  start(id: NodeId): void {
    const timers = new Set<string>()
    const records = this.records.get(id) ?? []
    this.records.set(id, records)
    this.armed.set(id, timers)
    const env: Environment<AnyMessage, Durable> & Decides = {
      self: id,
      persist: (record) => void records.push(record),
      send: (to, message) => this.send(id, to, message),
      sendAhead: (to, message) => this.send(id, to, message),
      setTimer: (timer) => void timers.add(timer),
      clearTimer: (timer) => void timers.delete(timer),
      choose: () => 0,
      decide: (_index, round, command) => this.told.push(`${id} decides ${command?.origin} in round ${round}`),
    }
    const options = { detector: obedient, againMin: 1, againMax: 2 }
    const process: AnyProcess =
      this.kind === 'strong'
        ? new StrongConsensus(env, this.nodes, options)
        : new ChandraToueg(env, this.nodes, options)
    this.processes.set(id, process)
    for (const record of records) process.restore(record)
    process.start()
  }

  process(id: NodeId): AnyProcess {
    return present(this.processes.get(id), `${id} runs`)
  }

  private send(from: NodeId, to: NodeId, message: AnyMessage): void {
    this.letters.push({ from, to, message })
    if (from !== to) this.sent++
  }

  crash(id: NodeId): void {
    this.processes.delete(id)
  }

  /** Of what is on its way from somebody: only what is for these arrives. */
  lose(from: NodeId, but: readonly NodeId[]): void {
    for (let i = this.letters.length - 1; i >= 0; i--) {
      const letter = this.letters[i]
      if (letter?.from === from && letter.to !== from && !but.includes(letter.to)) this.letters.splice(i, 1)
    }
  }

  hold(link: string): void {
    this.held.add(link)
  }

  release(): void {
    this.held.clear()
  }

  /** One message, the first that is not held; false: there is none. */
  step(): boolean {
    const i = this.letters.findIndex(({ from, to }) => !this.held.has(`${from}>${to}`))
    const [letter] = i < 0 ? [] : this.letters.splice(i, 1)
    if (letter === undefined) return false
    const { from, to, message } = letter
    const process = this.processes.get(to)
    if (from !== to) this.told.push(`${from} → ${to}  ${inWords(message)}${process === undefined ? '  (is down)' : ''}`)
    process?.receive(message, from)
    return true
  }

  suspect(id: NodeId, whom: readonly NodeId[]): void {
    const process = this.process(id)
    Object.assign(process.state.detection.output, { suspected: whom.toSorted() })
    process.timeout('detector:looks')
  }

  again(id: NodeId): void {
    assert(this.armed.get(id)?.delete('again') === true, `${id} waits for something`)
    this.process(id).timeout('again')
  }
}

function inWords(message: AnyMessage): string {
  switch (message.type) {
    case 'detector':
      return 'of its detector'
    case 'decision':
      return `decision ${message.value.origin}`
    case 'broadcast':
      return `decision ${message.message.value.origin}, broadcast by ${message.message.origin}`
    case 'values': {
      const values = Object.entries(message.values).map(([id, { origin }]) => `${id}=${origin}`)
      return `round ${message.round}: ${values.join(' ') || 'nothing new'}${message.again ? ' (again)' : ''}`
    }
    case 'estimate':
      return `round ${message.round}: estimate ${message.estimate?.origin ?? 'none'} of round ${message.timestamp}${message.again ? ' (again)' : ''}`
    case 'proposal':
      return `round ${message.round}: proposal ${message.value.origin}${message.again ? ' (again)' : ''}`
    case 'ack':
    case 'nack':
      return `round ${message.round}: ${message.type}${message.again ? ' (again)' : ''}`
    case 'round':
      return `is in round ${message.round}${message.again ? ', and waits' : ''}`
  }
}

/** Plays a script and gives it back with what was heard. */
export function playScript(text: string): string {
  let world: ScriptWorld | undefined
  return playBlocks(text, (verb, words) => {
    const isFirst = verb === 'processes' || verb === 'strong'
    const playing = isFirst ? new ScriptWorld(verb, words) : present(world, 'a script begins with: processes a b c')
    world = playing
    if (!isFirst) perform(playing, verb, words)
    return playing.told.splice(0)
  })
}

function perform(world: ScriptWorld, verb: string, [node = '', ...words]: readonly string[]): void {
  switch (verb) {
    case 'propose':
      return void world.process(node).propose(valueOf(words[0] ?? ''))
    case 'deliver':
      for (let left = node === '' ? Infinity : Number(node); left > 0 && world.step(); left--);
      return undefined
    case 'suspect':
      return world.suspect(node, words)
    case 'again':
      return world.again(node)
    case 'crash':
      return world.crash(node)
    case 'crash-telling':
      world.lose(node, words)
      return world.crash(node)
    case 'lose':
      return world.lose(node, words)
    case 'restart':
      return world.start(node)
    case 'hold':
      return [node, ...words].forEach((link) => world.hold(link))
    case 'release':
      return world.release()
    case 'sent':
      world.told.push(`${world.sent} messages in all`)
      return undefined
    default:
      assert(false, `a script knows no ${verb}`)
  }
}
