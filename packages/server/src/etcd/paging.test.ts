import { expect, onTestFinished, test } from 'vitest'
import { EtcdClient } from '../testing/etcd-client.ts'
import { RealNode } from '../testing/real-node.ts'

// Goal: whoever pages through keys is told how many there are, and misses none (etcd#13056, #11990, kine#271). Method:
// 2,000 keys, read in pages at one revision while others come and go.

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const name = (i: number): string => `key${String(i).padStart(5, '0')}`

interface Page {
  readonly kvs?: readonly { readonly key: string }[]
  readonly count: string
  readonly more?: boolean
}

test('count under a limit: the whole interval is counted, no key comes twice or is missing', async () => {
  const node = await new RealNode().start()
  onTestFinished(() => node.stop())
  const client = new EtcdClient(node.port)
  onTestFinished(() => client.close())
  const put = async (key: string): Promise<unknown> => client.call('KV/Put', { key: base64(key), value: 'dg==' })
  const page = async (request: object): Promise<Page> => {
    const asked = { rangeEnd: base64('kez'), ...request }
    return Object(await client.call('KV/Range', asked)) as Page
  }
  for (let i = 0; i < 2000; i += 100) await Promise.all(Array.from({ length: 100 }, async (_, j) => put(name(i + j))))
  const { header } = Object(await client.call('KV/Range', { key: base64('key') })) as { header: { revision: string } }
  const { revision } = header

  expect(await page({ key: base64('key'), limit: '1' })).toMatchObject({ count: '2000', more: true })
  const seen: string[] = []
  for (let from: string | undefined = 'key'; from !== undefined;) {
    const { kvs = [], count, more } = await page({ key: base64(from), limit: '500', revision, keysOnly: true })
    expect(count).toBe(String(2000 - seen.length))
    seen.push(...kvs.map(({ key }) => Buffer.from(key, 'base64').toString()))
    from = more === true ? `${seen.at(-1)}\0` : undefined
    // Before and behind where it reads.
    await Promise.all([0, 700, 1400, 1990].map(async (i) => put(`${name(i)}x${seen.length}`)))
    await client.call('KV/DeleteRange', { key: base64(name(1900)), rangeEnd: base64(name(1950)) })
  }
  expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => name(i)))
})
