import { present } from '../core/index.ts'
import type { Meter } from './limits.ts'
import type { Model } from './model.ts'
import { classAt } from './problem.ts'
import type { Problem } from './problem.ts'

/** Spreads 32 bits over 32 bits (the finalizer of MurmurHash3). */
export function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** FNV-1a over the code units. */
function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

const stateOverhead = 120

/**
 * The states of a model as small integers, each made once, and which operation leads from which to which: the model
 * itself runs only the first time. Nothing is computed before the search asks, so a model may have infinitely many
 * states (knossos#25). Tables are typed arrays: a Map or a Set throws at 2^24 entries.
 */
export class States<Operation, Result, State> {
  private readonly model: Model<Operation, Result, State>
  private readonly problem: Problem<Operation, Result>
  private readonly meter: Meter
  private readonly values: State[] = []
  private readonly encodings: string[] = []
  /** Of the encodings: to grow a table must not take long (porcupine#44). */
  private readonly hashes: number[] = []
  /** Open addressing: 1 + the state with that hash, 0 for an empty slot. */
  private slots = new Int32Array(64)
  /** Open addressing, three numbers each: 1 + state, class, and where it leads to or -1. */
  private steps = new Int32Array(3 * 64)
  private stepCount = 0

  constructor(model: Model<Operation, Result, State>, problem: Problem<Operation, Result>, meter: Meter) {
    this.model = model
    this.problem = problem
    this.meter = meter
    meter.take(this.slots.byteLength + this.steps.byteLength)
  }

  /** The number of this state. */
  intern(state: State): number {
    const { encode } = this.model
    if (encode === 'lineage') return this.add(state, '', 0)
    const text = encode(state)
    const hash = hashText(text)
    let slot = hash & (this.slots.length - 1)
    for (;;) {
      const found = (this.slots[slot] ?? 0) - 1
      if (found < 0) break
      if (this.hashes[found] === hash && this.encodings[found] === text) return found
      slot = (slot + 1) & (this.slots.length - 1)
    }
    const id = this.add(state, text, hash)
    this.slots[slot] = id + 1
    if (2 * this.values.length > this.slots.length) this.growSlots()
    return id
  }

  value(id: number): State {
    return present(this.values[id], 'a state that was given a number has a value')
  }

  /** The state after a call of this class, or -1 if the call cannot be placed here. */
  next(state: number, callClass: number): number {
    let slot = this.slotOf(state, callClass)
    while (this.steps[slot] !== 0) {
      if (this.steps[slot] === state + 1 && this.steps[slot + 1] === callClass) return this.steps[slot + 2] ?? -1
      slot += 3
      if (slot === this.steps.length) slot = 0
    }
    this.meter.readClock()
    const { operation, result } = classAt(this.problem, callClass)
    const before = this.value(state)
    const after = this.model.step(before, operation, result)
    const next = after === undefined ? -1 : after === before ? state : this.intern(after)
    this.steps[slot] = state + 1
    this.steps[slot + 1] = callClass
    this.steps[slot + 2] = next
    if (6 * ++this.stepCount > this.steps.length) this.growSteps()
    return next
  }

  private add(state: State, text: string, hash: number): number {
    this.meter.take(stateOverhead + 2 * text.length + (this.model.sizeOf?.(state) ?? 2 * text.length))
    this.encodings.push(text)
    this.hashes.push(hash)
    return this.values.push(state) - 1
  }

  private slotOf(state: number, callClass: number): number {
    const slots = this.steps.length / 3
    return 3 * (mix(Math.imul(state, 0x9e3779b1) ^ callClass) & (slots - 1))
  }

  private growSlots(): void {
    const length = 2 * this.slots.length
    this.meter.take(4 * length)
    const slots = new Int32Array(length)
    for (const [id, hash] of this.hashes.entries()) {
      let slot = hash & (length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (length - 1)
      slots[slot] = id + 1
    }
    this.meter.release(this.slots.byteLength)
    this.slots = slots
  }

  private growSteps(): void {
    const old = this.steps
    this.meter.take(8 * old.length)
    this.steps = new Int32Array(2 * old.length)
    for (let i = 0; i < old.length; i += 3) {
      const state = old[i] ?? 0
      if (state === 0) continue
      let slot = this.slotOf(state - 1, old[i + 1] ?? 0)
      while (this.steps[slot] !== 0) slot = slot + 3 === this.steps.length ? 0 : slot + 3
      this.steps.set(old.subarray(i, i + 3), slot)
    }
    this.meter.release(old.byteLength)
  }
}
