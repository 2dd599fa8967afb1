import type { Environment, TimerName } from './contract.ts'

/** What a protocol lends to a part: its messages are wrapped, its timers have its name before theirs. */
export type PartEnvironment<Message> = Omit<Environment<Message, never>, 'persist'>

/**
 * A module inside a protocol: a failure detector, a broadcast. What changes of it lies inside its holder's state, which
 * may be another object after each event: so a part is told where to look, and keeps nothing.
 */
export class Part<State> {
  private readonly place: () => State

  constructor(place: () => State) {
    this.place = place
  }

  protected get own(): State {
    return this.place()
  }
}

/** The environment of the part of that name. Its timers come back to the holder as `name:timer`: see `timerOf`. */
export function lend<Inner, Outer>(
  env: Omit<Environment<Outer, never>, 'persist'>,
  name: string,
  wrap: (message: Inner) => Outer,
): PartEnvironment<Inner> {
  return {
    self: env.self,
    send: (to, message) => env.send(to, wrap(message)),
    sendAhead: (to, message, isNews) => env.sendAhead(to, wrap(message), isNews),
    setTimer: (timer, min, max) => env.setTimer(`${name}:${timer}`, min, max),
    clearTimer: (timer) => env.clearTimer(`${name}:${timer}`),
    choose: (alternatives) => env.choose(alternatives),
  }
}

/** As the part of that name calls it; undefined: it is none of its timers. */
export function timerOf(name: string, timer: TimerName): TimerName | undefined {
  return timer.startsWith(`${name}:`) ? timer.slice(name.length + 1) : undefined
}
