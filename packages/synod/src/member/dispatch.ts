import type { Milliseconds, NodeId } from '../core/index.ts'
import type { Changes } from './changes.ts'
import type { Proposals } from './proposals.ts'
import type { Reads } from './reads.ts'
import type { Room } from './room.ts'
import type { SyncWatch } from './sync-watch.ts'
import type { Wire } from './wire.ts'
import type { Inside } from './wiring.ts'

/** The parts of a member that answer messages and timers. */
export interface Answering<Message, Durable, Context> extends Inside<Message, Durable, Context> {
  readonly proposals: Proposals<Context>
  readonly reads: Reads<Context>
  readonly changes: Changes
  readonly room: Room
  readonly syncs: SyncWatch
  /** Could what is proposed now be stored? */
  hasRoom(): boolean
  /** Gives a message to the engine once it may be received. */
  admit(from: NodeId, message: Message): void
}

/** Which part answers which message. */
export function takeWire<Message, Durable, Context>(
  member: Answering<Message, Durable, Context>,
  from: NodeId,
  wire: Wire<Message>,
): void {
  const { proposals, reads, snapshots, changes } = member
  switch (wire.type) {
    case 'protocol':
      return member.circle.hears(from) ? member.admit(from, wire.message) : undefined
    case 'forward':
      return proposals.forwarded(from, wire, member.hasRoom())
    case 'refused':
      return proposals.refused(from, wire)
    case 'full':
      return member.room.isFull(from, member.ports.clock.now())
    case 'read':
      return reads.asked(from, wire)
    case 'readable':
      return reads.answered(from, wire.id, wire.index)
    case 'unreadable':
      return reads.unreadable(wire.id)
    case 'fetch':
      return snapshots.serve(from, wire)
    case 'chunk':
      return snapshots.chunk(wire)
    case 'gone':
      return snapshots.gone(wire)
    case 'change':
      return changes.asked(from, wire)
    case 'changing':
      return changes.changing(from, wire)
    case 'unchanged':
      return changes.unchanged(from, wire)
  }
}

/** Which part waited for which timer. */
export function fire<Message, Durable, Context>(
  member: Answering<Message, Durable, Context>,
  timer: string,
  now: Milliseconds,
): void {
  const { engine, journal, timers, options, snapshots } = member
  const own = timers.engine.timer(timer)
  if (own !== undefined) return engine.timeout(own)
  switch (timer) {
    case 'mark':
      return journal.mark()
    case 'sync':
      return member.syncs.isSlow()
    case 'resign':
      return engine.resign()
    case 'room':
      journal.segments.maintain()
      if (!member.room.here) timers.set('room', 1000)
      return
    case 'snapshot':
      return snapshots.step()
    case 'fetch':
      if (snapshots.repeat()) timers.ensure('fetch', options.snapshots.retry)
      return
    case 'news':
      return member.news.due()
    case 'publish':
      return member.publication.insist()
    case 'farewell':
      if (member.circle.farewell(now)) timers.ensure('farewell', options.farewell)
      return
    case 'leave':
      return member.departure.leave()
    default: {
      const waiting = [member.proposals.repeat(now), member.reads.repeat(now), member.changes.repeat(now)]
      if (waiting.includes(true)) timers.ensure('repeat', options.retry)
    }
  }
}
