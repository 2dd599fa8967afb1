/**
 * Is what the clients were told true? The store numbers its changes, which makes the question exact and cheap: a write
 * names the revision it became, a read the revision it shows, and at the end the whole history is read back, revision
 * by revision. No search for an order of events is needed: the revisions are the order. Nothing here does I/O.
 */

/** A key as it stood at some revision. */
export interface Version {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
}

/** What a write does to one key; without a value it deletes it. Values are unique in a run: they identify the write. */
export interface Change {
  readonly key: string
  readonly value: string | undefined
}

/** What a client asked for. */
export type Asked =
  /** All changes in one revision, and at least one of them has a value. With a guard: only if the key was last changed at that revision. */
  | { readonly type: 'write'; readonly changes: readonly Change[]; readonly guard?: Guard }
  /** Takes a revision only if the key is there, and then leaves no name behind. */
  | { readonly type: 'delete'; readonly key: string }
  /** `at`: a past revision that the client named; without it the state when it is answered. */
  | { readonly type: 'read'; readonly keys: readonly string[]; readonly serializable: boolean; readonly at?: number }

export interface Guard {
  readonly key: string
  readonly modRevision: number
}

/** What a client was told. */
export type Outcome =
  /** `revision` is the answer's; `changed`: it says that it made one; `found`: what it says is there. */
  | { readonly type: 'ok'; readonly revision: number; readonly changed: boolean; readonly found: readonly Version[] }
  /** Certainly not applied. */
  | { readonly type: 'rejected'; readonly reason: string }
  /** Applied, or not, or not yet. */
  | { readonly type: 'unknown'; readonly reason: string }

/** One call of one client. `invoked` and `answered` are places in the order of all such events. */
export interface Operation {
  readonly client: number
  readonly asked: Asked
  readonly invoked: number
  readonly answered: number
  readonly outcome: Outcome
}

/** One revision of the final history, as it was read back. */
export interface Revision {
  readonly revision: number
  readonly puts: readonly Version[]
  readonly deleted: readonly string[]
}

/** What must not have happened, and who it happened to. */
export interface Violation {
  readonly rule: string
  readonly message: string
  readonly operations: readonly Operation[]
}

/** The revision of a store that nobody has written to. */
const emptyRevision = 1

/** All violations of one run. `history` is the final one, from the first change on. */
export function check(operations: readonly Operation[], history: readonly Revision[]): Violation[] {
  const writers = new Map<string, Operation>()
  for (const operation of operations) {
    if (operation.asked.type !== 'write') continue
    for (const { value } of operation.asked.changes) if (value !== undefined) writers.set(value, operation)
  }
  const timeline = new Timeline(history, writers)
  const checker = new Checker(timeline)
  checker.realTime(operations)
  for (const operation of operations) checker.operation(operation)
  checker.deletions()
  checker.strangers()
  return [...timeline.violations, ...checker.violations]
}

/** The final history, made searchable, and held against itself: versions count up, creations begin anew. */
class Timeline {
  readonly violations: Violation[] = []
  readonly revisions = new Map<number, Revision>()
  /** Where each value was written. */
  readonly writtenAt = new Map<string, number>()
  readonly last: number
  private readonly keys = new Map<string, (Version | { modRevision: number; value: undefined })[]>()
  private readonly writers: ReadonlyMap<string, Operation>

  constructor(history: readonly Revision[], writers: ReadonlyMap<string, Operation>) {
    this.writers = writers
    let expected = emptyRevision
    for (const revision of history) {
      expected++
      if (revision.revision !== expected) this.broken(`revision ${expected} is missing: ${revision.revision} follows`)
      expected = revision.revision
      this.revisions.set(revision.revision, revision)
      if (revision.puts.length + revision.deleted.length === 0) this.broken(`revision ${expected} changed nothing`)
      for (const put of revision.puts) this.put(put, revision.revision)
      for (const key of revision.deleted) this.remove(key, revision.revision)
    }
    this.last = expected
  }

  /** The key's state once `revision` was applied; `undefined`: it was not there. */
  at(key: string, revision: number): Version | undefined {
    const versions = this.keys.get(key) ?? []
    let low = 0
    let high = versions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((versions[middle]?.modRevision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    const found = versions[low - 1]
    return found?.value === undefined ? undefined : found
  }

  private put(put: Version, revision: number): void {
    const before = this.at(put.key, revision)
    const wanted = {
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
    }
    for (const field of ['createRevision', 'modRevision', 'version'] as const) {
      if (put[field] === wanted[field]) continue
      this.broken(`at revision ${revision} ${put.key} has ${field} ${put[field]} instead of ${wanted[field]}`)
    }
    const earlier = this.writtenAt.get(put.value)
    if (earlier !== undefined) {
      const writer = this.writers.get(put.value)
      this.violations.push({
        rule: 'a write is applied at most once',
        message: `the value ${put.value} was written at revision ${earlier} and again at ${revision}`,
        operations: writer === undefined ? [] : [writer],
      })
    }
    this.writtenAt.set(put.value, revision)
    this.append(put.key, put)
  }

  private remove(key: string, revision: number): void {
    if (this.at(key, revision) === undefined) {
      this.broken(`revision ${revision} deleted ${key}, which was not there`)
    }
    this.append(key, { modRevision: revision, value: undefined })
  }

  private append(key: string, version: Version | { modRevision: number; value: undefined }): void {
    const versions = this.keys.get(key)
    if (versions === undefined) this.keys.set(key, [version])
    else versions.push(version)
  }

  private broken(message: string): void {
    this.violations.push({ rule: 'the history is whole', message, operations: [] })
  }
}

/** Holds each operation against the timeline. */
class Checker {
  readonly violations: Violation[] = []
  private readonly timeline: Timeline
  /** The highest revision that anybody had been told when an operation was asked. */
  private readonly floors = new Map<Operation, number>()
  /** Which acknowledged operation a revision belongs to, or which unacknowledged one was found there. */
  private readonly owners = new Map<number, Operation>()
  private readonly unknownDeletes: Operation[] = []

  constructor(timeline: Timeline) {
    this.timeline = timeline
  }

  /** What was answered before something else was asked comes before it. */
  realTime(operations: readonly Operation[]): void {
    const byAnswer = operations
      .filter(({ outcome }) => outcome.type === 'ok')
      .toSorted((a, b) => a.answered - b.answered)
    let told = 0
    let next = 0
    for (const operation of operations.toSorted((a, b) => a.invoked - b.invoked)) {
      for (
        let other = byAnswer[next];
        other !== undefined && other.answered < operation.invoked;
        other = byAnswer[next]
      ) {
        if (other.outcome.type === 'ok') told = Math.max(told, other.outcome.revision)
        next++
      }
      this.floors.set(operation, told)
    }
  }

  operation(operation: Operation): void {
    const { asked, outcome } = operation
    if (outcome.type === 'ok') {
      if (outcome.revision > this.timeline.last) {
        this.violated(
          'an acknowledged revision stays',
          `revision ${outcome.revision} was acknowledged, and the history ends at ${this.timeline.last}`,
          operation,
        )
      } else if (outcome.changed) this.acknowledgedWrite(operation, outcome.revision)
      else this.acknowledgedRead(operation, outcome.revision, outcome.found)
    } else if (asked.type === 'write') {
      this.unacknowledged(operation, asked.changes, asked.guard)
    } else if (asked.type === 'delete' && outcome.type === 'unknown') {
      this.unknownDeletes.push(operation)
    }
  }

  /** Deletions that no acknowledged operation made: each needs an unknown one that was asked in time. */
  deletions(): void {
    const floor = (operation: Operation): number => this.floors.get(operation) ?? 0
    const candidates = this.unknownDeletes.toSorted((a, b) => floor(a) - floor(b))
    const waiting = new Map<string, Operation[]>()
    let next = 0
    for (const { revision, puts, deleted } of this.timeline.revisions.values()) {
      for (let one = candidates[next]; one !== undefined && floor(one) < revision; one = candidates[++next]) {
        if (one.asked.type === 'delete') waiting.set(one.asked.key, [...(waiting.get(one.asked.key) ?? []), one])
      }
      const [key] = deleted
      if (this.owners.has(revision) || puts.length > 0 || deleted.length !== 1 || key === undefined) continue
      const operation = waiting.get(key)?.shift()
      if (operation !== undefined) this.owners.set(revision, operation)
    }
  }

  /** Every revision was asked for by somebody. */
  strangers(): void {
    for (const { revision, puts, deleted } of this.timeline.revisions.values()) {
      if (this.owners.has(revision)) continue
      const what = [...puts.map(({ key, value }) => `${key} = ${value}`), ...deleted.map((key) => `${key} deleted`)]
      this.violated('nothing comes from nowhere', `nobody asked for revision ${revision}: ${what.join(', ')}`)
    }
  }

  private acknowledgedWrite(operation: Operation, revision: number): void {
    const floor = this.floors.get(operation) ?? 0
    if (revision <= floor) {
      this.violated(
        'revisions respect real time',
        `it was acknowledged at revision ${revision}, though ${floor} had been told before it was asked`,
        operation,
      )
    }
    const { asked } = operation
    const changes =
      asked.type === 'write' ? asked.changes : asked.type === 'delete' ? [{ key: asked.key, value: undefined }] : []
    const places = changes.flatMap(({ value }) => (value === undefined ? [] : [this.timeline.writtenAt.get(value)]))
    const elsewhere = places.find((place) => place !== revision)
    if (places.length > 0 && places.every((place) => place === undefined)) {
      this.violated(
        'an acknowledged write stays',
        `it was acknowledged at revision ${revision}, and is nowhere in the history`,
        operation,
      )
    } else if (elsewhere !== undefined) {
      this.violated(
        'an acknowledged write stays',
        `it was acknowledged at revision ${revision}, and is in the history at ${elsewhere}`,
        operation,
      )
    } else {
      this.expectChanges(operation, revision, changes)
    }
    if (asked.type === 'write') this.expectGuard(operation, revision, asked.guard, true)
    this.own(revision, operation)
  }

  private acknowledgedRead(operation: Operation, revision: number, found: readonly Version[]): void {
    const { asked } = operation
    const floor = this.floors.get(operation) ?? 0
    const linearizable = asked.type !== 'read' || !asked.serializable
    if (linearizable && revision < floor) {
      this.violated(
        'a read is never stale',
        `it was answered at revision ${revision}, though ${floor} had been told before it was asked`,
        operation,
      )
    }
    if (asked.type === 'write' && asked.guard === undefined) {
      this.violated('a comparison is true', `it says that it changed nothing, and it had no condition`, operation)
    }
    if (asked.type === 'write') this.expectGuard(operation, revision, asked.guard, false)
    // a delete that found nothing is a read of an absent key; a write whose guard failed shows the guarded key
    const keys =
      asked.type === 'read'
        ? asked.keys
        : asked.type === 'delete'
          ? [asked.key]
          : asked.guard === undefined
            ? []
            : [asked.guard.key]
    const at = asked.type === 'read' ? (asked.at ?? revision) : revision
    const seen = new Map(found.map((version) => [version.key, version]))
    for (const key of new Set([...keys, ...seen.keys()])) {
      const wanted = keys.includes(key) ? this.timeline.at(key, at) : undefined
      const got = seen.get(key)
      if (same(wanted, got)) continue
      this.violated(
        'a read is exact at its revision',
        `at revision ${at} it was told ${described(key, got)}, and the history has ${described(key, wanted)}`,
        operation,
      )
    }
  }

  /** An unknown write is in the history once or never, whole; a rejected one is not. */
  private unacknowledged(operation: Operation, changes: readonly Change[], guard: Guard | undefined): void {
    const places = changes.flatMap(({ value }) => (value === undefined ? [] : [this.timeline.writtenAt.get(value)]))
    const revision = places.find((place) => place !== undefined)
    if (revision === undefined) return
    if (operation.outcome.type === 'rejected') {
      this.violated(
        'a rejected write is never applied',
        `it was rejected, and is in the history at revision ${revision}`,
        operation,
      )
    }
    const floor = this.floors.get(operation) ?? 0
    if (revision <= floor) {
      this.violated(
        'revisions respect real time',
        `it is in the history at revision ${revision}, though ${floor} had been told before it was asked`,
        operation,
      )
    }
    this.expectChanges(operation, revision, changes)
    this.expectGuard(operation, revision, guard, true)
    this.own(revision, operation)
  }

  private expectChanges(operation: Operation, revision: number, changes: readonly Change[]): void {
    const record = this.timeline.revisions.get(revision)
    const got = [
      ...(record?.puts ?? []).map(({ key, value }) => `${key} = ${value}`),
      ...(record?.deleted ?? []).map((key) => `${key} deleted`),
    ].toSorted()
    // deleting what is not there is no change
    const wanted = changes
      .filter(
        ({ key, value }) =>
          value !== undefined || operation.asked.type === 'delete' || this.timeline.at(key, revision - 1) !== undefined,
      )
      .map(({ key, value }) => (value === undefined ? `${key} deleted` : `${key} = ${value}`))
      .toSorted()
    if (wanted.join('\n') === got.join('\n')) return
    this.violated(
      'a write is applied whole',
      `revision ${revision} should be {${wanted.join(', ')}}, and is {${got.join(', ')}}`,
      operation,
    )
  }

  private expectGuard(operation: Operation, revision: number, guard: Guard | undefined, held: boolean): void {
    if (guard === undefined) return
    const modRevision = this.timeline.at(guard.key, held ? revision - 1 : revision)?.modRevision ?? 0
    if ((modRevision === guard.modRevision) === held) return
    this.violated(
      'a comparison is true',
      `it ${held ? 'held' : 'failed'} for ${guard.key} = revision ${guard.modRevision}, which was last changed at ${modRevision}`,
      operation,
    )
  }

  private own(revision: number, operation: Operation): void {
    const other = this.owners.get(revision)
    if (other === undefined) this.owners.set(revision, operation)
    else this.violated('a revision belongs to one write', `two writes have revision ${revision}`, other, operation)
  }

  private violated(rule: string, message: string, ...operations: Operation[]): void {
    this.violations.push({ rule, message, operations })
  }
}

function same(a: Version | undefined, b: Version | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.value === b.value &&
    a.modRevision === b.modRevision &&
    a.createRevision === b.createRevision &&
    a.version === b.version
  )
}

function described(key: string, version: Version | undefined): string {
  if (version === undefined) return `that ${key} is absent`
  const { value, createRevision, modRevision } = version
  return `${key} = ${value} (version ${version.version}, created at ${createRevision}, changed at ${modRevision})`
}
