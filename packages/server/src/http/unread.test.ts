import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { askHttp } from '../testing/ask-http.ts'
import type { OneNode } from '../testing/one-node.ts'
import { httpLimitHits, startedNode } from '../testing/started-node.ts'

// Goal: answers that nobody reads take no more memory than they may, and end nothing. Method: real connections that ask for
// megabytes and are never read; limits that are small or short.

/** Asks for three megabytes on each connection, as often as it says, and reads nothing. */
async function unreadAnswers(node: OneNode, connections: number, times: number): Promise<Socket[]> {
  const value = Buffer.alloc(1_000_000, 'v').toString('base64')
  for (const key of ['YQ==', 'Yg==', 'Yw==']) {
    await askHttp(node.port, 'POST', '/v3/kv/put', JSON.stringify({ key, value }))
  }
  const body = '{"key":"YQ==","range_end":"ZA=="}'
  const head = `POST /v3/kv/range HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
  return Array.from({ length: connections }, () => {
    const socket = connect(node.port, '127.0.0.1')
    socket.on('error', () => undefined).pause()
    socket.write(`${head}${body}`.repeat(times))
    return socket
  })
}

test('pitfall W10: of all that leave answers unread, whoever leaves most is cut off; each has one at a time', async () => {
  const node = await startedNode({}, { answersBytesMax: 20_000_000 })
  const sockets = await unreadAnswers(node, 4, 50)
  const answered = (): number => node.web.gateway.called.find(({ path }) => path.endsWith('Range'))?.handled[0] ?? 0
  for (let before = -1; before < answered() || before === 0;) {
    before = answered()
    await sleep(200)
  }
  // Each answer has four megabytes: the kernel takes some, and of each connection one waits here.
  expect(httpLimitHits(node)).toEqual({})
  expect(answered()).toBeLessThan(40)
  sockets.push(...(await unreadAnswers(node, 1, 50)))
  await expect.poll(() => httpLimitHits(node), { timeout: 5000 }).toEqual({ http_answers_bytes: 1 })
  expect((await askHttp(node.port, 'GET', '/livez')).status).toBe(200)
  for (const socket of sockets) socket.destroy()
})

test('pitfall W10: a client that takes no byte of its answer is not waited for', async () => {
  const node = await startedNode({}, { stallTimeoutMs: 300 })
  const [socket] = await unreadAnswers(node, 1, 10)
  await expect.poll(() => httpLimitHits(node), { timeout: 5000 }).toEqual({ http_stall_timeout: 1 })
  socket?.destroy()
})
