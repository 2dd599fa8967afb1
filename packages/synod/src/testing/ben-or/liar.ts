import type { BenOrEnvironment, Message } from '../../protocols/ben-or/index.ts'

/**
 * A Byzantine participant's link to the world: whatever it votes, it tells each of the others something else, or nothing, as
 * chance has it. To itself, and to its disk, it is honest, so that it goes on with the protocol.
 */
export function lying(env: BenOrEnvironment): BenOrEnvironment {
  const tell = (to: string, message: Message, say: (said: Message) => void): void => {
    if (to === env.self || message.type === 'missing') return say(message)
    const [zero, one, nothing] = [0, 1, 2]
    const lie = env.choose(message.type === 'report' ? 3 : 4)
    if (lie === nothing) return undefined
    if (message.type === 'decided') return say({ ...message, value: lie === zero ? 0 : 1, round: 1 + env.choose(1000) })
    say({ ...message, value: lie === zero ? 0 : lie === one ? 1 : '?' })
  }
  return {
    self: env.self,
    persist: (record) => env.persist(record),
    send: (to, message) => tell(to, message, (said) => env.send(to, said)),
    sendAhead: (to, message) => tell(to, message, (said) => env.sendAhead(to, said)),
    setTimer: (timer, min, max) => env.setTimer(timer, min, max),
    clearTimer: (timer) => env.clearTimer(timer),
    choose: (alternatives) => env.choose(alternatives),
    decide: (index, term, command) => env.decide(index, term, command),
  }
}
