/**
 * A client of etcd v3, unchanged, against Synod: a compare-and-set that only one of two can win.
 *
 *     npm start                                                              # in another terminal
 *     npx node -C @synod/source examples/etcd-client.ts http://127.0.0.1:2379
 */
import { Etcd3 } from 'etcd3'

const client = new Etcd3({ hosts: process.argv[2] ?? 'http://127.0.0.1:2379' })
await client.delete().key('seat')

async function take(name: string): Promise<boolean> {
  const { succeeded } = await client.if('seat', 'Create', '==', 0).then(client.put('seat').value(name)).commit()
  return succeeded
}

const outcomes = await Promise.all([take('Ada'), take('Leslie')])
const holder = await client.get('seat').string()
console.log(`${outcomes.filter(Boolean).length} of 2 took the seat; it is ${holder === null ? 'free' : 'taken'}`)
client.close()
