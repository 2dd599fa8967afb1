import { present } from '../core/index.ts'
import { LimitReached } from './limits.ts'
import type { Model } from './model.ts'

/** A call that was invoked: in flight, or open for ever because its outcome is unknown. */
export interface OpenCall<Operation> {
  readonly id: number
  readonly operation: Operation
  /** The operation as text: calls of unknown outcome with the same text can stand for each other. */
  readonly text: string
  readonly isUnknown: boolean
  /** The same client's call that was answered at the very instant of this invocation: it comes first. */
  readonly after: number | undefined
  /** Such a call of the same client exists: it matters when this one takes effect, even if it changes nothing. */
  readonly isAwaited: boolean
}

/**
 * What a call in flight will answer, if it took effect in a certain state: the answer itself where the model tells it,
 * and else the state, as a number of the same kind.
 */
type Token = number

/** A call in flight that has changed the state. */
interface Placed {
  readonly id: number
  readonly token: Token
  /** Of a non-deterministic model: what it made of the state. */
  readonly after: number
}

/** A call in flight that is not placed: what it would have answered wherever it could have changed nothing. */
interface Idle {
  readonly id: number
  readonly tokens: readonly Token[]
}

/** One way in which everything that was answered so far can have happened. Calls are in the order of their numbers. */
interface Configuration {
  readonly state: number
  readonly placed: readonly Placed[]
  readonly idle: readonly Idle[]
  /** Calls of unknown outcome that have taken effect. */
  readonly used: readonly number[]
}

/** All configurations, but for those that can do only what another one can. */
export interface Configurations<Operation> {
  readonly open: ReadonlyMap<number, OpenCall<Operation>>
  readonly all: readonly Configuration[]
}

/**
 * Lowe's just-in-time linearization (2017, §5), which works while the history is recorded: after each answer the set of
 * all configurations that explain it, in which other open calls are placed only where that lets the answered one be
 * placed. Whether a call took effect without changing anything is left open until its answer: what it would have answered
 * is noted. Bounded: throws `LimitReached` beyond `most` configurations in one step.
 */
export class JustInTime<Operation, Result> {
  private readonly model: Model<Operation, Result, unknown>
  private readonly most: number
  private readonly encode: ((state: unknown) => string) | undefined
  /** Numbers of states and answers, by their text. */
  private ids = new Map<string, number>()
  private values: unknown[] = []
  private texts: (string | undefined)[] = []
  /** Of a model that tells states apart by lineage: where an operation, as text, led. */
  private led = new Map<number, Map<string, number>>()

  constructor(model: Model<Operation, Result, unknown>, most: number) {
    this.model = model
    this.most = most
    const { nondeterministic } = model
    if (nondeterministic !== undefined) this.encode = (state) => nondeterministic.encode(state)
    else this.encode = model.encode === 'lineage' ? undefined : model.encode
  }

  begin(): Configurations<Operation> {
    const initial = this.model.nondeterministic?.initial ?? this.model.initial
    return { open: new Map(), all: [{ state: this.internState(initial), placed: [], idle: [], used: [] }] }
  }

  invoked(
    from: Configurations<Operation>,
    id: number,
    operation: Operation,
    after: number | undefined,
  ): Configurations<Operation> {
    const call = { id, operation, text: JSON.stringify(operation), isUnknown: false, after, isAwaited: false }
    const open = new Map(from.open).set(id, call)
    const all = from.all.map((one) => this.note({ ...one, idle: [...one.idle, { id, tokens: [] }] }, open))
    return { open, all }
  }

  /** A call of the same client comes after this one, at the very instant of its answer. */
  awaited(from: Configurations<Operation>, id: number): Configurations<Operation> {
    const call = present(from.open.get(id), 'what is answered was invoked')
    const open = new Map(from.open).set(id, { ...call, isAwaited: true })
    const found = new Antichain(this.most)
    for (const one of from.all) {
      const own = one.idle.find((idle) => idle.id === id)
      found.add(
        own === undefined ? one : { ...one, idle: one.idle.map((idle) => (idle === own ? { id, tokens: [] } : idle)) },
      )
      for (const token of own?.tokens ?? [])
        found.add(this.note(withPlaced(one, { id, token, after: this.afterOf(token) }), open))
    }
    return { open, all: found.members() }
  }

  /** None is left if nothing explains the answer. */
  answered(from: Configurations<Operation>, id: number, result: Result): Configurations<Operation> {
    const call = present(from.open.get(id), 'what is answered was invoked')
    const open = new Map(from.open)
    open.delete(id)
    const found = new Antichain(this.most)
    const seen = new Antichain(this.most)
    const unplaced: Configuration[] = []
    for (const one of from.all) {
      const own = one.placed.find((placed) => placed.id === id)
      if (own === undefined) unplaced.push(one)
      else if (this.fits(own.token, own.after, call, result)) found.add(this.note(without(one, id), open))
    }
    // In the order of their number of calls: those with fewer stand for those with more. The list grows meanwhile.
    for (const one of unplaced) {
      if (!seen.add(one)) continue
      const tokens = one.idle.find((idle) => idle.id === id)?.tokens ?? []
      if (tokens.some((token) => this.fits(token, token, call, result))) found.add(this.note(without(one, id), open))
      if (isReady(call, one, from.open)) {
        for (const state of this.next(one.state, call, result))
          if (state !== one.state || call.isAwaited) found.add(this.note(without({ ...one, state }, id), open))
      }
      if (this.model.isPast?.(this.values[one.state], result) === true) continue
      for (const other of open.values()) unplaced.push(...this.place(other, one, from.open))
    }
    return { open, all: found.members() }
  }

  /** It certainly did not happen: whatever needed it is no explanation. */
  rejected(from: Configurations<Operation>, id: number): Configurations<Operation> {
    const open = new Map(from.open)
    open.delete(id)
    const all = from.all.filter(({ placed }) => placed.every((one) => one.id !== id))
    return { open, all: all.map((one) => without(one, id)) }
  }

  /** It may have happened, or may still: it stays open. */
  unknown(from: Configurations<Operation>, id: number): Configurations<Operation> {
    const call = present(from.open.get(id), 'what is not answered was invoked')
    const found = new Antichain(this.most)
    for (const one of from.all) {
      const isPlaced = one.placed.some((placed) => placed.id === id)
      found.add(isPlaced ? { ...without(one, id), used: inserted(one.used, id) } : without(one, id))
    }
    return { open: new Map(from.open).set(id, { ...call, isUnknown: true }), all: found.members() }
  }

  /** Forgets every state and answer that no configuration needs. */
  compact(from: Configurations<Operation>): Configurations<Operation> {
    const { values, texts, led } = this
    this.ids = new Map()
    this.values = []
    this.texts = []
    this.led = new Map()
    const moved = new Map<number, number>()
    const move = (id: number): number => {
      if (id < 0) return id
      const to = moved.get(id) ?? this.intern(texts[id], values[id])
      moved.set(id, to)
      return to
    }
    const all = from.all.map(({ state, placed, idle, used }) => ({
      state: move(state),
      placed: placed.map(({ id, token, after }) => ({ id, token: move(token), after: move(after) })),
      idle: idle.map(({ id, tokens }) => ({ id, tokens: tokens.map(move) })),
      used,
    }))
    for (const [state, steps] of led) {
      const kept = [...steps].flatMap(([text, to]): [string, number][] => (moved.has(to) ? [[text, move(to)]] : []))
      if (moved.has(state) && kept.length > 0) this.led.set(move(state), new Map(kept))
    }
    return { open: from.open, all }
  }

  stateOf(one: Configuration): unknown {
    return this.values[one.state]
  }

  /** How many states and answers are kept. */
  get size(): number {
    return this.values.length
  }

  /** The states in which the configurations are, each once, for people. */
  describe(from: Configurations<Operation>): string[] {
    const { nondeterministic } = this.model
    const text = (state: unknown): string =>
      nondeterministic === undefined
        ? (this.model.describeState?.(state) ?? this.encode?.(state) ?? '')
        : (nondeterministic.describeState?.(state) ?? nondeterministic.encode(state))
    return [...new Set(from.all.map(({ state }) => text(this.values[state])))]
  }

  /** The open call placed next where that changes the state, in each way in which it can. */
  private place(
    call: OpenCall<Operation>,
    one: Configuration,
    open: ReadonlyMap<number, OpenCall<Operation>>,
  ): Configuration[] {
    const { id, isUnknown, isAwaited } = call
    if (!isAwaited && this.model.isPure?.(call.operation, undefined) === true) return []
    if (one.used.includes(id) || one.placed.some((placed) => placed.id === id) || !isReady(call, one, open)) return []
    if (isUnknown) {
      for (const twin of open.values())
        if (twin.isUnknown && twin.id < id && twin.text === call.text && !one.used.includes(twin.id)) return []
    }
    const states = this.next(one.state, call, undefined).filter((state) => isAwaited || state !== one.state)
    if (isUnknown) return states.map((state) => this.note({ ...one, state, used: inserted(one.used, id) }, open))
    const token = this.tokenOf(one.state, call)
    return states.map((state) =>
      this.note({ ...withPlaced(one, { id, token, after: this.afterOf(state) }), state }, open),
    )
  }

  /** Every idle call that changes nothing in the state that was reached may have taken effect there. */
  private note(one: Configuration, open: ReadonlyMap<number, OpenCall<Operation>>): Configuration {
    if (one.idle.length === 0) return one
    const idle = one.idle.map((own) => {
      const call = open.get(own.id)
      if (call === undefined || call.isAwaited || !isReady(call, one, open)) return own
      if (!this.canStay(one.state, call)) return own
      const token = this.tokenOf(one.state, call)
      return own.tokens.includes(token) ? own : { id: own.id, tokens: [...own.tokens, token] }
    })
    return { ...one, idle }
  }

  /** Whether the call may change nothing in this state. */
  private canStay(state: number, call: OpenCall<Operation>): boolean {
    const { nondeterministic } = this.model
    if (nondeterministic !== undefined) return this.next(state, call, undefined).includes(state)
    if (this.model.isPure?.(call.operation, undefined) === true) return true
    const value = this.values[state]
    const after = this.model.step(value, call.operation, undefined)
    return (
      after === value ||
      (after !== undefined && this.encode?.(after) === this.encode?.(value) && this.encode !== undefined)
    )
  }

  private tokenOf(state: number, { operation }: OpenCall<Operation>): Token {
    if (this.model.answer === undefined || this.model.nondeterministic !== undefined) return state
    return this.intern(answerText(this.model.answer(this.values[state], operation)), undefined)
  }

  private afterOf(state: number): number {
    return this.model.nondeterministic === undefined ? -1 : state
  }

  /** Whether a call that took effect answered this. `after` is what it made of the state. */
  private fits(token: Token, after: number, call: OpenCall<Operation>, result: Result): boolean {
    if (this.model.nondeterministic !== undefined) return this.next(token, call, result).includes(after)
    if (this.model.answer !== undefined) return this.ids.get(answerText(result)) === token
    return this.model.step(this.values[token], call.operation, result) !== undefined
  }

  /** The states after the call, none if it cannot answer `result` here. */
  private next(state: number, call: OpenCall<Operation>, result: Result | undefined): number[] {
    const value = this.values[state]
    const { nondeterministic } = this.model
    if (nondeterministic !== undefined)
      return nondeterministic.steps(value, call.operation, result).map((one) => this.internState(one))
    const after = this.model.step(value, call.operation, result)
    if (after === undefined) return []
    if (after === value) return [state]
    if (this.encode !== undefined) return [this.internState(after)]
    const led = this.led.get(state) ?? new Map<string, number>()
    const id = led.get(call.text) ?? this.internState(after)
    this.led.set(state, led.set(call.text, id))
    return [id]
  }

  private internState(state: unknown): number {
    return this.intern(this.encode === undefined ? undefined : `state ${this.encode(state)}`, state)
  }

  private intern(text: string | undefined, value: unknown): number {
    const known = text === undefined ? undefined : this.ids.get(text)
    if (known !== undefined) return known
    if (this.values.length >= 16 * this.most) throw new LimitReached('memory')
    this.texts.push(text)
    const id = this.values.push(value) - 1
    if (text !== undefined) this.ids.set(text, id)
    return id
  }
}

function answerText(answer: unknown): string {
  return `answer ${JSON.stringify(answer)}`
}

function inserted(ids: readonly number[], id: number): number[] {
  return [...ids, id].toSorted((a, b) => a - b)
}

function isReady<Operation>(
  { after }: OpenCall<Operation>,
  one: Configuration,
  open: ReadonlyMap<number, OpenCall<Operation>>,
): boolean {
  return after === undefined || !open.has(after) || one.placed.some(({ id }) => id === after)
}

function without(one: Configuration, id: number): Configuration {
  return {
    ...one,
    placed: one.placed.filter((placed) => placed.id !== id),
    idle: one.idle.filter((idle) => idle.id !== id),
  }
}

function withPlaced(one: Configuration, own: Placed): Configuration {
  const { placed, ...rest } = without(one, own.id)
  return { ...rest, placed: [...placed, own].toSorted((a, b) => a.id - b.id) }
}

/** A set of configurations without those that can do only what another one can. */
class Antichain {
  private readonly groups = new Map<string, Configuration[]>()
  private readonly most: number
  private added = 0

  constructor(most: number) {
    this.most = most
  }

  /** False: it, or one that can do whatever it can, was there. */
  add(one: Configuration): boolean {
    const key = `${one.state} ${one.placed.map(({ id, token, after }) => `${id},${token},${after}`).join(' ')}`
    const group = this.groups.get(key) ?? []
    if (group.some((other) => canDoAll(other, one))) return false
    if (++this.added > this.most) throw new LimitReached('memory')
    this.groups.set(key, [...group.filter((other) => !canDoAll(one, other)), one])
    return true
  }

  members(): Configuration[] {
    return [...this.groups.values()].flat()
  }
}

/**
 * Whether the first can do whatever the second can, both being in the same state with the same calls placed: no more
 * calls of unknown outcome are used up, and the idle calls may answer no less.
 */
function canDoAll(first: Configuration, second: Configuration): boolean {
  if (!first.used.every((id) => second.used.includes(id))) return false
  return second.idle.every(({ id, tokens }, i) => {
    const own = first.idle[i]
    return own?.id === id && tokens.every((token) => own.tokens.includes(token))
  })
}
