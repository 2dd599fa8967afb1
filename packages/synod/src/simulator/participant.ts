import {
  assert,
  beginFrame,
  DiskError,
  Malformed,
  openFrame,
  sealFrame,
  Writer,
  type Codec,
  type Halt,
  type Hello,
  type NodeId,
  type Ports,
  type Protocol,
  type Refusal,
} from '../core/index.ts'
import { isSegment, Journal, JournalUnreadable, UnknownFormat, type Scan } from '../journal/index.ts'
import { Effects } from '../member/effects.ts'
import { Timers } from '../member/timers.ts'
import { jsonOf } from './json-codec.ts'
import type { ObservedParticipant, ParticipantEnvironment } from './observed-participant.ts'
import type { Json } from './plan.ts'
import type { Inhabitant } from './world.ts'

export interface ParticipantParts<P extends Protocol<unknown, Message, Durable>, Message, Durable> {
  readonly id: NodeId
  readonly ports: Ports
  readonly diskId: string
  /** Everybody who takes part, itself among them. */
  readonly nodes: readonly NodeId[]
  readonly make: (env: ParticipantEnvironment<Message, Durable>) => P
  readonly codec: Codec<Message, Durable>
  readonly observed: ObservedParticipant<P, Message, Durable>
  /** It has crashed for good: its process does nothing any more. */
  readonly over: boolean
  /** The machine still has the power that it was started under. */
  readonly alive: () => boolean
  /** Called for each of what may go on and on within one event. Throws where it does. */
  readonly goOn: () => void
}

/** Nothing is ever cut from its journal: one that decides once writes little. */
const segmentBytes = 64 * 1024
/** A full disk is tried again after so long. */
const roomAgain = 1000

/**
 * A bare protocol on a machine: one without a log, a state machine or clients of its own. What surrounds it is
 * production's: the effects that let nothing leave before it is durable, the journal with its recovery, timers, frames
 * with checksums. What happens comes in by the calls of `Host`; `flush` writes what was persisted, once a turn.
 *
 * A record of the journal is one of the protocol's, or undefined for the journal's own: such a protocol has no
 * checkpoint, and the journal keeps all of its records.
 */
export class Participant<P extends Protocol<unknown, Message, Durable>, Message, Durable> implements Inhabitant {
  readonly options = { cluster: 'participants' }
  readonly codec: Codec<Message, Durable>
  phase: 'opening' | 'running' | 'halted' = 'opening'
  diskId: string | undefined
  readonly protocol: P
  private readonly parts: ParticipantParts<P, Message, Durable>
  private readonly effects: Effects<Message, Durable>
  private readonly timers: Timers
  private readonly journal: Journal<Durable | undefined>
  private readonly out = new Writer()
  private full = false
  /** Told once the journal was begun. */
  private begun: (() => void) | undefined

  constructor(parts: ParticipantParts<P, Message, Durable>) {
    this.parts = parts
    this.codec = parts.codec
    const { id, ports, codec, observed } = parts
    this.timers = new Timers(ports.clock)
    this.journal = new Journal(
      ports.disk,
      withBlanks(codec),
      { segmentBytes, checksum: ports.checksum, random: () => ports.random() },
      {
        checkpoint: () => ({ record: undefined, index: 0 }),
        durable: (count) => this.durable(count),
        failed: (error) => this.halt(diskHalt(error)),
        room: (state) => this.roomChanged(state === 'low'),
      },
    )
    this.effects = new Effects({
      self: id,
      append: (record: Durable) => {
        ports.log.debug('persists', { record })
        this.journal.append(record)
        observed.persisted(record)
        return this.journal.appended
      },
      transmit: (to, message) => this.transmit(to, message),
      setTimer: (timer, delay) => this.timers.set(`protocol:${timer}`, delay),
      clearTimer: (timer) => this.timers.clear(`protocol:${timer}`),
      random: () => ports.random(),
    })
    this.protocol = parts.make(Object.assign(this.effects, { now: () => ports.clock.now() }))
  }

  // Opening

  open(done: (opened: unknown) => void): void {
    if (this.parts.over) return
    this.parts.ports.disk.list((names) => {
      if (names instanceof DiskError) return this.unusable(diskHalt(names), done)
      if (names.some(isSegment)) return this.read(names, done)
      this.journal.format(undefined, (error) => {
        if (error !== undefined) return this.unusable(diskHalt(error), done)
        this.read(['journal-0000000001'], done)
      })
    })
  }

  private read(names: readonly string[], done: (opened: unknown) => void): void {
    this.journal.open(names, (found) => {
      if (found instanceof DiskError) return this.unusable(diskHalt(found), done)
      if (found instanceof JournalUnreadable || found instanceof UnknownFormat)
        return this.unusable({ code: 'corrupt', message: found.message, cause: found }, done)
      const records = recordsOf(found)
      if (records === undefined) {
        const message = 'the journal has lost records that were synced, and this protocol has no way to repair it'
        return this.unusable({ code: 'corrupt', message }, done)
      }
      for (const record of records) this.protocol.restore(record)
      this.begun = () => {
        this.phase = 'running'
        this.diskId = this.parts.diskId
        this.parts.observed.begin(this.protocol, records)
        done(this)
        this.parts.ports.links.reconfigure(Object.fromEntries(this.parts.nodes.map((id) => [id, ''])))
        this.protocol.start()
        this.settled()
      }
      this.journal.begin(this.journal.epoch)
    })
  }

  private unusable(reason: Halt, done: (opened: undefined) => void): void {
    this.halt(reason)
    done(undefined)
  }

  // What comes in

  /** Everybody is welcome: who takes part is the protocol's own matter. */
  greeted(_hello: Hello, answer: (refusal: Refusal | undefined) => void): void {
    if (this.phase === 'running') answer(undefined)
    else answer({ code: 'busy', message: `${this.parts.id} is not ready` })
  }

  /** Nobody joins later. */
  introduce(): undefined {
    return undefined
  }

  refused(by: NodeId, refusal: Refusal): void {
    this.parts.ports.log.info('is not welcome yet', { by, refusal })
  }

  /** A protocol repeats by its own timers what was lost meanwhile. */
  connected(): void {
    return undefined
  }

  arrived(from: NodeId, frame: Uint8Array): void {
    if (this.phase !== 'running') return
    const { ports, codec } = this.parts
    let message: Message
    try {
      const input = openFrame(frame, ports.checksum)
      message = codec.readMessage(input)
      input.done()
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      // As if it had been lost: protocols cope with that.
      ports.log.debug('drops a damaged frame', { from, why: error.message })
      return
    }
    ports.log.debug('receives', { from, message })
    this.protocol.receive(message, from)
    this.settled()
  }

  alarm(): void {
    if (this.phase === 'halted') return
    const now = this.parts.ports.clock.now()
    for (let timer = this.timers.due(now); timer !== undefined; timer = this.timers.due(now)) {
      this.parts.goOn()
      if (timer === 'room') this.lookForRoom()
      else this.timeout(timer.slice('protocol:'.length))
    }
    this.timers.rearm()
  }

  /** A full disk: what is persisted waits, and what is said after it waits with it. */
  private roomChanged(full: boolean): void {
    this.full = full
    if (full) this.timers.set('room', roomAgain)
  }

  private lookForRoom(): void {
    this.journal.segments.maintain()
    if (this.full) this.timers.set('room', roomAgain)
  }

  private timeout(timer: string): void {
    this.parts.ports.log.debug('times out', { timer })
    this.protocol.timeout(timer)
    this.settled()
  }

  /** Calls a method of the protocol. false: the node is not ready, or the protocol answered so. */
  ask(method: string, argument: Json): boolean {
    if (this.phase !== 'running') return false
    this.parts.ports.log.debug('is asked', { [method]: argument })
    this.parts.observed.inputs.push({ method, argument })
    const input: unknown = Reflect.get(this.protocol, method)
    assert(typeof input === 'function', `the protocol has a method ${method}`)
    const taken = Reflect.apply(input, this.protocol, [argument]) !== false
    this.settled()
    return taken
  }

  // What goes out

  /** After every call into the protocol: what it told itself arrives, what it decided is told. */
  private settled(): void {
    const { ports, observed, id, goOn } = this.parts
    for (let message = this.effects.inbox.shift(); message !== undefined; message = this.effects.inbox.shift()) {
      goOn()
      ports.log.debug('receives', { from: id, message })
      this.protocol.receive(message, id)
    }
    for (const output of this.effects.outputs.splice(0)) {
      if (output.type !== 'decided') continue
      const { index, term, command } = output
      ports.log.debug('decides', {
        index,
        term,
        value: command && (jsonOf(command) ?? `of ${command.bytes.length} bytes`),
      })
      observed.decided.push({ index, term, command, incarnation: observed.incarnation })
    }
    ports.endOfTurn()
  }

  flush(): void {
    if (this.phase !== 'halted') this.journal.flush()
  }

  private transmit(to: NodeId, message: Message): void {
    const { ports, codec } = this.parts
    beginFrame(this.out)
    codec.message(message, this.out)
    const connected = ports.links.send(to, codec.urgency(message), sealFrame(this.out, ports.checksum))
    ports.log.debug(connected ? 'sends' : 'cannot send', { to, message })
  }

  private durable(count: number): void {
    // The power may have gone at the very moment at which the sync was done: nobody hears of it then.
    if (!this.parts.alive()) return
    const { begun } = this
    this.begun = undefined
    begun?.()
    // The first record of each life is the journal's own.
    this.parts.observed.synced(count - 1)
    this.effects.released(count)
    this.settled()
  }

  private halt(reason: Halt): void {
    if (this.phase === 'halted') return
    this.phase = 'halted'
    this.timers.clearAll()
    this.parts.ports.halt(reason)
  }
}

function diskHalt(error: DiskError): Halt {
  return { code: 'disk', message: error.message, cause: error }
}

/** The protocol's own, in order; undefined: some that were synced are lost. */
function recordsOf<Durable>({ items }: Scan<Durable | undefined>): Durable[] | undefined {
  const records: Durable[] = []
  for (const item of items) {
    if (item.type === 'hole') return undefined
    if (item.type === 'records') for (const record of item.records) if (record !== undefined) records.push(record)
  }
  return records
}

type RecordCodec<Durable> = Pick<Codec<unknown, Durable>, 'record' | 'readRecord'>

function withBlanks<Durable>(codec: RecordCodec<Durable>): RecordCodec<Durable | undefined> {
  return {
    record: (record, out) => {
      out.flag(record !== undefined)
      if (record !== undefined) codec.record(record, out)
    },
    readRecord: (input) => (input.flag() ? codec.readRecord(input) : undefined),
  }
}
