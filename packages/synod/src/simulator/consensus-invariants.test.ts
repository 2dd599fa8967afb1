import { describe, expect, test } from 'vitest'
import type { Invariant } from '../core/index.ts'
import { agreement, integrity, jsonCommand, validity, type Decision, type Json, type ParticipantNode } from './index.ts'

// Goal: each property of consensus is found broken when it is, and only then. Method: decisions are told one by one.

class Told implements ParticipantNode<undefined> {
  readonly id: string
  readonly state = undefined
  readonly durable = undefined
  incarnation = 1
  readonly decided: Decision[] = []
  readonly inputs: { method: string; argument: Json }[] = []

  constructor(id: string) {
    this.id = id
  }

  decide(value: Json | undefined, index = 1): this {
    const command = value === undefined ? undefined : jsonCommand(value)
    this.decided.push({ index, term: 0, command, incarnation: this.incarnation })
    return this
  }
}

/** What the invariant says after each step; a step answers the node at which it happened. */
function watched(invariant: Invariant<ParticipantNode<unknown>>, nodes: Told[], steps: (() => Told)[]): unknown[] {
  const watch = invariant.watch()
  return steps.map((step) => watch(step(), nodes))
}

describe('agreement', () => {
  test('holds while everybody decides the same, at each index for itself', () => {
    const [a, b] = [new Told('a'), new Told('b')]
    const steps = [() => a.decide('x'), () => b.decide('x'), () => b.decide('y', 2), () => a.decide('y', 2)]
    expect(watched(agreement, [a, b], steps)).toEqual([undefined, undefined, undefined, undefined])
  })

  test('is broken by another value, and by none where there was one', () => {
    for (const other of ['y', undefined]) {
      const [a, b] = [new Told('a'), new Told('b')]
      const [, said] = watched(agreement, [a, b], [() => a.decide('x'), () => b.decide(other)])
      expect(said).toBe(`a decided "x", and b decided ${other === undefined ? 'nothing' : '"y"'}`)
    }
  })

  test('counts what was decided by somebody who has crashed since', () => {
    const [a, b] = [new Told('a'), new Told('b')]
    const [, said] = watched(agreement, [b], [() => a.decide('x'), () => b.decide('y')])
    expect(said).toBe('a decided "x", and b decided "y"')
  })
})

describe('integrity', () => {
  test('is broken by deciding twice in one life, be it the same', () => {
    const a = new Told('a')
    expect(watched(integrity, [a], [() => a.decide('x').decide('x')])).toEqual(['a decided twice in one life'])
  })

  test('lets a later life decide the same again, and nothing else', () => {
    const a = new Told('a')
    const again = (value: Json) => () => {
      a.incarnation++
      return a.decide(value)
    }
    expect(watched(integrity, [a], [() => a.decide('x'), again('x'), again('y')])).toEqual([
      undefined,
      undefined,
      'a decided "x", and after a restart "y"',
    ])
  })
})

describe('validity', () => {
  test('holds for what somebody was asked for, whoever decides it', () => {
    const [a, b] = [new Told('a'), new Told('b')]
    a.inputs.push({ method: 'propose', argument: { color: 'red' } })
    expect(watched(validity, [a, b], [() => b.decide({ color: 'red' }), () => b.decide(undefined, 2)])).toEqual([
      undefined,
      undefined,
    ])
  })

  test('is broken by a value out of nowhere', () => {
    const a = new Told('a')
    a.inputs.push({ method: 'propose', argument: 'x' })
    expect(watched(validity, [a], [() => a.decide('z', 3)])).toEqual(['a decided "z" at 3, which nobody proposed'])
  })
})
