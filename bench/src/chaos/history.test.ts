import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Asked,
  type Change,
  check,
  type Guard,
  type Operation,
  type Outcome,
  type Revision,
  type Version,
} from './history.ts'

/** A store that does everything right, and a recorder of what its clients see. */
class Recorder {
  readonly operations: Operation[] = []
  readonly history: Revision[] = []
  readonly state = new Map<string, Version>()
  revision = 1
  clock = 0

  /** Applies the changes as one revision. */
  apply(changes: readonly Change[]): void {
    const revision = this.revision + 1
    const puts: Version[] = []
    const deleted: string[] = []
    for (const { key, value } of changes) {
      const before = this.state.get(key)
      if (value === undefined) {
        if (before !== undefined) deleted.push(key)
        this.state.delete(key)
      } else {
        const version = (before?.version ?? 0) + 1
        const put = { key, value, createRevision: before?.createRevision ?? revision, modRevision: revision, version }
        puts.push(put)
        this.state.set(key, put)
      }
    }
    if (puts.length + deleted.length === 0) return
    this.history.push({ revision, puts, deleted })
    this.revision = revision
  }

  record(asked: Asked, outcome: Outcome, invoked: number = this.clock++): void {
    this.operations.push({ client: 1, asked, invoked, answered: this.clock++, outcome })
  }

  put(key: string, value: string, guard?: Guard): void {
    const invoked = this.clock++
    const changes = [{ key, value }]
    this.apply(changes)
    this.record(write(changes, guard), ok(this.revision, true), invoked)
  }

  remove(key: string): void {
    const invoked = this.clock++
    const there = this.state.has(key)
    this.apply([{ key, value: undefined }])
    this.record({ type: 'delete', key }, ok(this.revision, there), invoked)
  }

  read(...keys: string[]): void {
    const invoked = this.clock++
    const found = keys.flatMap((key) => this.state.get(key) ?? [])
    this.record({ type: 'read', keys, serializable: false }, ok(this.revision, false, found), invoked)
  }

  rules(): string[] {
    return check(this.operations, this.history).map(({ rule }) => rule)
  }
}

function write(changes: readonly Change[], guard?: Guard): Asked {
  return guard === undefined ? { type: 'write', changes } : { type: 'write', changes, guard }
}

function ok(revision: number, changed: boolean, found: readonly Version[] = []): Outcome {
  return { type: 'ok', revision, changed, found }
}

const unknown: Outcome = { type: 'unknown', reason: 'timeout' }
const rejected: Outcome = { type: 'rejected', reason: 'no leader' }

/** a = 1 at revision 2, b = 2 at revision 3. */
function twoPuts(): Recorder {
  const run = new Recorder()
  run.put('a', '1')
  run.put('b', '2')
  return run
}

describe('a history that is true', () => {
  test('has no violation, whatever was asked', () => {
    const step = fc.record({ kind: fc.nat(7), key: fc.constantFrom('a', 'b', 'c'), applied: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const run = new Recorder()
        for (const [index, { kind, key, applied }] of steps.entries()) {
          const changes = [
            { key, value: `v${index}` },
            { key: 'other', value: index % 2 === 0 ? undefined : `w${index}` },
          ]
          if (kind === 0) run.put(key, `v${index}`)
          else if (kind === 1) run.remove(key)
          else if (kind === 2) run.read('a', 'b', 'c')
          else if (kind === 3) run.record(write(changes), rejected)
          else if (kind === 4) {
            run.record(write(changes), unknown)
            if (applied) run.apply(changes)
          } else if (kind === 5) {
            run.record({ type: 'delete', key }, unknown)
            if (applied) run.apply([{ key, value: undefined }])
          } else if (kind === 6) run.put(key, `v${index}`, { key, modRevision: run.state.get(key)?.modRevision ?? 0 })
          else {
            const found = [...run.state.values()].filter((version) => version.key === key)
            run.record(write(changes, { key, modRevision: 999 }), ok(run.revision, false, found))
          }
        }
        expect(check(run.operations, run.history)).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('may answer concurrent writes in any order', () => {
    const run = new Recorder()
    run.apply([{ key: 'a', value: 'first' }])
    run.apply([{ key: 'a', value: 'second' }])
    run.operations.push(
      { client: 1, asked: write([{ key: 'a', value: 'second' }]), invoked: 0, answered: 2, outcome: ok(3, true) },
      { client: 2, asked: write([{ key: 'a', value: 'first' }]), invoked: 1, answered: 3, outcome: ok(2, true) },
    )
    expect(run.rules()).toEqual([])
  })

  test('may show an old state to a serializable read, and a named revision to any read', () => {
    const run = twoPuts()
    const one = { key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 1 }
    run.record({ type: 'read', keys: ['a', 'b'], serializable: true }, ok(2, false, [one]))
    run.record({ type: 'read', keys: ['a', 'b'], serializable: false, at: 2 }, ok(3, false, [one]))
    expect(run.rules()).toEqual([])
  })
})

describe('a history that is false', () => {
  test('an acknowledged write is missing', () => {
    const run = twoPuts()
    run.record(write([{ key: 'a', value: 'lost' }]), ok(3, true))
    expect(run.rules()).toContain('an acknowledged write stays')
  })

  test('the last acknowledged write is missing, and its revision with it', () => {
    const run = twoPuts()
    run.history.pop()
    expect(run.rules()).toEqual(['an acknowledged revision stays'])
  })

  test('an acknowledged write is at another revision than the one it was told', () => {
    const run = twoPuts()
    run.apply([{ key: 'a', value: 'moved' }])
    run.record(write([{ key: 'a', value: 'moved' }]), ok(5, true))
    run.apply([{ key: 'c', value: 'between' }])
    run.record(write([{ key: 'c', value: 'between' }]), unknown)
    expect(run.rules()).toContain('an acknowledged write stays')
  })

  test('a read misses what was acknowledged before it was asked', () => {
    const run = twoPuts()
    const stale = { key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 1 }
    run.record({ type: 'read', keys: ['a'], serializable: false }, ok(2, false, [stale]))
    expect(run.rules()).toEqual(['a read is never stale'])
  })

  test('a read goes behind another read', () => {
    const run = new Recorder()
    run.record(write([{ key: 'a', value: '1' }]), unknown)
    run.apply([{ key: 'a', value: '1' }])
    run.read('a')
    run.record({ type: 'read', keys: ['a'], serializable: false }, ok(1, false))
    expect(run.rules()).toEqual(['a read is never stale'])
  })

  test.each([
    ['another value', { value: '9' }],
    ['another mod revision', { modRevision: 3 }],
    ['another create revision', { createRevision: 1 }],
    ['another version', { version: 2 }],
  ])('a read shows %s than its revision has', (_what, wrong) => {
    const run = twoPuts()
    const shown = { key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 1, ...wrong }
    run.record({ type: 'read', keys: ['a'], serializable: true }, ok(3, false, [shown]))
    expect(run.rules()).toEqual(['a read is exact at its revision'])
  })

  test('a read leaves out a key, or shows one that it was not asked for', () => {
    const run = twoPuts()
    run.record({ type: 'read', keys: ['a'], serializable: false }, ok(3, false))
    run.record({ type: 'read', keys: [], serializable: false }, ok(3, false, [...run.state.values()].slice(0, 1)))
    expect(run.rules()).toEqual(['a read is exact at its revision', 'a read is exact at its revision'])
  })

  test('a write is applied twice', () => {
    const run = twoPuts()
    run.record(write([{ key: 'a', value: 'again' }]), unknown)
    run.apply([{ key: 'a', value: 'again' }])
    run.apply([{ key: 'a', value: 'again' }])
    const violations = check(run.operations, run.history)
    expect(violations.map(({ rule }) => rule)).toContain('a write is applied at most once')
    expect(violations[0]?.operations).toEqual([run.operations[2]])
  })

  test('an unknown deletion is applied twice', () => {
    const run = twoPuts()
    run.record({ type: 'delete', key: 'a' }, unknown)
    run.apply([{ key: 'a', value: undefined }])
    run.put('a', '3')
    run.apply([{ key: 'a', value: undefined }])
    expect(run.rules()).toEqual(['nothing comes from nowhere'])
  })

  test('two writes are told the same revision', () => {
    const run = twoPuts()
    run.record(write([{ key: 'b', value: '2' }]), ok(3, true), 2)
    expect(run.rules()).toContain('a revision belongs to one write')
  })

  test('a write is told a revision that was known before it was asked', () => {
    const run = twoPuts()
    const [first] = run.operations
    if (first === undefined) throw new Error('nothing was recorded')
    run.operations[0] = { ...first, invoked: 90, answered: 91 }
    expect(run.rules()).toEqual(['revisions respect real time'])
  })

  test('an unknown write is found before what was acknowledged when it was asked', () => {
    const run = new Recorder()
    run.apply([{ key: 'a', value: 'early' }])
    run.put('b', '2')
    run.record(write([{ key: 'a', value: 'early' }]), unknown)
    expect(run.rules()).toEqual(['revisions respect real time'])
  })

  test('an unknown deletion is found before what was acknowledged when it was asked', () => {
    const run = twoPuts()
    run.apply([{ key: 'a', value: undefined }])
    run.put('b', '3')
    run.record({ type: 'delete', key: 'a' }, unknown)
    expect(run.rules()).toEqual(['nothing comes from nowhere'])
  })

  test('a rejected write is applied', () => {
    const run = twoPuts()
    run.record(write([{ key: 'a', value: 'refused' }]), rejected)
    run.apply([{ key: 'a', value: 'refused' }])
    expect(run.rules()).toEqual(['a rejected write is never applied'])
  })

  test('a rejected deletion is applied', () => {
    const run = twoPuts()
    run.record({ type: 'delete', key: 'a' }, rejected)
    run.apply([{ key: 'a', value: undefined }])
    expect(run.rules()).toEqual(['nothing comes from nowhere'])
  })

  test('an acknowledged deletion deleted nothing', () => {
    const run = twoPuts()
    run.record({ type: 'delete', key: 'c' }, ok(3, true))
    expect(run.rules()).toContain('a write is applied whole')
  })

  test('a deletion that found nothing says so of a key that was there', () => {
    const run = twoPuts()
    run.record({ type: 'delete', key: 'a' }, ok(3, false))
    expect(run.rules()).toEqual(['a read is exact at its revision'])
  })

  test.each([
    ['an acknowledged', ok(2, true)],
    ['an unknown', unknown],
  ])('%s write is applied by half', (_what, outcome) => {
    const run = new Recorder()
    run.apply([{ key: 'a', value: '1' }])
    run.record(
      write([
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ]),
      outcome,
      0,
    )
    expect(run.rules()).toEqual(['a write is applied whole'])
  })

  test('a comparison that was false is told to have held, and the other way round', () => {
    const run = twoPuts()
    run.put('c', '3', { key: 'a', modRevision: 7 })
    run.record(
      write([{ key: 'c', value: '4' }], { key: 'a', modRevision: 2 }),
      ok(4, false, [...run.state.values()].slice(0, 1)),
    )
    expect(run.rules()).toEqual(['a comparison is true', 'a comparison is true'])
  })

  test('a write without a condition changed nothing', () => {
    const run = twoPuts()
    run.record(write([{ key: 'a', value: '9' }]), ok(3, false))
    expect(run.rules()).toEqual(['a comparison is true'])
  })

  test('the history has a gap, an empty revision, or a wrong version', () => {
    const gap = twoPuts()
    gap.history.shift()
    expect(gap.rules()).toContain('the history is whole')
    const empty = twoPuts()
    empty.history.push({ revision: 4, puts: [], deleted: [] })
    expect(empty.rules()).toContain('the history is whole')
    const wrong = new Recorder()
    wrong.put('a', '1')
    wrong.history[0] = {
      revision: 2,
      deleted: [],
      puts: [{ key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 2 }],
    }
    expect(wrong.rules()).toContain('the history is whole')
  })

  test('the history has a change that nobody asked for', () => {
    const run = twoPuts()
    run.apply([{ key: 'a', value: 'from nowhere' }])
    expect(run.rules()).toEqual(['nothing comes from nowhere'])
  })
})
