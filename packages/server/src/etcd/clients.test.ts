import { Etcd3 } from 'etcd3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OneNode } from '../testing/one-node.ts'

// Goal: others' clients work as they come. Method: they themselves, against a server.

async function startNode(): Promise<OneNode> {
  const node = await new OneNode().start()
  onTestFinished(() => node.stop())
  return node
}

describe('etcd3 of npm', () => {
  test('puts, gets, deletes, transactions and leases', async () => {
    const node = await startNode()
    const client = new Etcd3({ hosts: node.url })
    onTestFinished(() => client.close())
    await client.put('a').value('1')
    await client.put('b').value('2')
    expect(await client.get('a').string()).toBe('1')
    expect(await client.getAll().strings()).toEqual({ a: '1', b: '2' })
    const outcome = await client
      .if('a', 'Value', '==', '1')
      .then(client.put('a').value('3'))
      .else(client.get('a'))
      .commit()
    expect(outcome.succeeded).toBe(true)
    expect((await client.delete().key('a')).deleted).toBe('1')
    const { ID } = await client.leaseClient.leaseGrant({ TTL: 60, ID: 0 })
    await client.kv.put({ key: Buffer.from('leased'), value: Buffer.from('x'), lease: ID })
    await client.leaseClient.leaseRevoke({ ID })
    expect(await client.get('leased').string()).toBeNull()
    await expect(client.kv.put({ key: Buffer.from('leased'), lease: '77' })).rejects.toThrow(
      'requested lease not found',
    )
  })
})
