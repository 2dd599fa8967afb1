/**
 * Three Raft members around a state machine of our own, in a simulated world, and a power cut in the middle.
 *
 *     npx node -C @synod/source examples/power-cut.ts [seed]
 */
import { voting, type Failure, type StateMachine } from 'synod'
import { defaultMemberOptions, Member } from 'synod/member'
import { defaultRaftOptions, Raft, raftCodec, type Durable, type Message } from 'synod/raft'
import { World } from 'synod/simulator'

/** Whoever asked for an operation is told the sum after it, or why there is none. */
interface Asker {
  sum(value: number): void
  failed(error: Failure): void
}

/** The state machine: a sum. An operation is one byte, the number to add. */
class Sum implements StateMachine<Asker> {
  value = 0

  apply(_index: number, operations: Uint8Array, askers: readonly Asker[] | undefined): void {
    // Operations come with their lengths before them, 4 bytes each; ours are all of one byte.
    for (let at = 4, i = 0; at < operations.length; at += 5, i++) {
      this.value += operations[at] ?? 0
      askers?.[i]?.sum(this.value)
    }
  }

  read(asker: Asker): void {
    asker.sum(this.value)
  }

  fail(asker: Asker, error: Failure): void {
    asker.failed(error)
  }

  snapshot(): ReturnType<StateMachine<Asker>['snapshot']> {
    const pieces = [Uint8Array.from(String(this.value), (digit) => digit.charCodeAt(0))]
    return { next: () => pieces.shift(), close: () => undefined }
  }

  install(): ReturnType<StateMachine<Asker>['install']> {
    let text = ''
    return {
      write: (bytes) => (text += String.fromCharCode(...bytes)),
      finish: () => (this.value = Number(text)),
    }
  }
}

const seed = Number(process.argv[2] ?? 1)
const nodes = ['a', 'b', 'c']
const options = { ...defaultMemberOptions, cluster: '00000000000000c1', membership: voting(nodes) }
const world = new World({
  seed,
  nodes,
  member: (self, ports, diskId) =>
    new Member({
      ports,
      codec: raftCodec,
      machine: new Sum(),
      engine: (env) => new Raft(env, defaultRaftOptions),
      options: { ...options, self, diskId },
    }),
})

function leader(): Member<Message, Durable, Asker> | undefined {
  for (const { member } of world.nodes.values()) if (member?.standing.leading === true) return member
  return undefined
}

/** Adds through the leader; the world runs until it is answered. */
function add(value: number): void {
  let answer: string | undefined
  leader()?.submit(Uint8Array.of(value), {
    sum: (sum) => (answer = `the sum is ${sum}`),
    failed: (error) => (answer = error.message),
  })
  world.run(20_000, () => answer !== undefined)
  console.log(`${world.now.toFixed(0).padStart(6)} ms  add ${value}: ${answer ?? 'no answer'}`)
}

for (const id of nodes) world.start(id)
world.run(10_000, () => leader() !== undefined)
console.log(`${world.now.toFixed(0).padStart(6)} ms  ${leader()?.options.self} leads`)
add(1)
add(2)
add(3)
const old = leader()?.options.self ?? 'a'
world.powerCut(old)
console.log(`${world.now.toFixed(0).padStart(6)} ms  ${old} has lost its power`)
world.run(20_000, () => leader() !== undefined)
console.log(`${world.now.toFixed(0).padStart(6)} ms  ${leader()?.options.self} leads`)
add(4)
