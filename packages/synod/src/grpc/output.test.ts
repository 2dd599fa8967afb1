import fc from 'fast-check'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Output } from './output.ts'

/** Takes what it is given at once, or keeps it for later, as it is told. */
class FickleSocket extends Socket {
  keeps = false
  private readonly taken: Buffer[] = []
  private finish: (() => void) | undefined

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.accept([chunk], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.accept(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  private accept(chunks: readonly Buffer[], done: () => void): void {
    // what is kept is looked at when it is let go of
    const finish = (): void => {
      this.taken.push(...chunks.map((chunk) => Buffer.from(chunk)))
      done()
    }
    if (this.keeps) this.finish = finish
    else finish()
  }

  letGo(): void {
    this.keeps = false
    const { finish } = this
    this.finish = undefined
    finish?.()
  }

  get all(): Buffer {
    return Buffer.concat(this.taken)
  }
}

const pieces = fc.array(fc.record({ length: fc.nat({ max: 6000 }), keeps: fc.boolean(), letsGo: fc.boolean() }), {
  maxLength: 30,
})

test('a socket finds what it was given as it was, however long it keeps it', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (all) => {
      const socket = new FickleSocket()
      const output = new Output(socket)
      const said: Buffer[] = []
      for (const [i, { length, keeps, letsGo }] of all.entries()) {
        const payload = Buffer.alloc(length, i)
        socket.keeps = keeps
        output.frame(7, 0, 1, length)
        output.bytes(payload, 0, length)
        output.flush()
        said.push(Buffer.from([0, length >>> 8, length & 0xff, 7, 0, 0, 0, 0, 1]), payload)
        if (letsGo) socket.letGo()
      }
      while (socket.writableLength > 0) {
        socket.letGo()
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(socket.all.equals(Buffer.concat(said))).toBe(true)
      socket.destroy()
    }),
    { numRuns: 60 },
  )
})
