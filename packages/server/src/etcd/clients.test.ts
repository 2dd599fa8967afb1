import { existsSync } from 'node:fs'
import { Etcd3 } from 'etcd3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OneNode } from '../testing/one-node.ts'
import { Running } from '../testing/processes.ts'
import { scenarios } from '../testing/transcript.ts'
import type { Line } from '../testing/transcript.ts'

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

const etcdctl = ['/usr/bin/etcdctl', '/usr/local/bin/etcdctl'].find(existsSync)

/** Commands that need nothing but what is here. */
function isHere({ args = [] }: Line): boolean {
  const [verb, noun] = args
  if (['put', 'get', 'del', 'txn', 'compaction'].includes(verb ?? '')) return true
  const here = ['lease grant', 'lease revoke', 'endpoint health', 'member list', 'member remove', 'endpoint status']
  return here.includes(`${verb} ${noun}`)
}

/** The recorded output as a pattern: what the server chose may be anything on its line. */
function pattern(text: string): RegExp {
  const literal = text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  return new RegExp(
    `^${literal.replaceAll(/"?\\\$(any|cluster|term|version|id\d+(\\\(hex\\\))?|clientURL1|peerURL1|hash)"?/g, '.*?')}$`,
  )
}

// Debian's etcd-client is there wherever the project's own checks run.
describe.runIf(etcdctl !== undefined || process.env['CI'] !== undefined)('etcdctl', () => {
  test('prints what it prints with etcd', async () => {
    const node = await startNode()
    let lease = ''
    const [scenario] = scenarios('cli')
    const wrong: string[] = []
    let asked = 0
    for (const line of scenario?.lines ?? []) {
      // From here on the transcript is about users, who are not here.
      if (line.args?.[0] === 'user') break
      if (line.op !== 'etcdctl' || line.background === true || !isHere(line) || isUnlike(line)) continue
      asked++
      const args = (line.args ?? []).map((arg) => arg.replace('$lease', lease))
      const command = new Running(etcdctl ?? 'etcdctl', ['--endpoints', node.url, ...args], {
        env: { ETCDCTL_API: '3' },
        stdin: line.stdin ?? '',
      })
      const { code, stdout, stderr } = await command.ended()
      lease = /^lease ([0-9a-f]+) granted/.exec(stdout)?.[1] ?? lease
      // Versions differ in where they write that an endpoint is healthy.
      const said = args[0] === 'endpoint' ? stdout + stderr : stdout
      if (code !== line.code || !pattern(line.stdout ?? '').test(said) || !stderr.includes(line.stderr ?? '')) {
        wrong.push(
          `${args.join(' ')}: ${code} ${stdout} ${stderr}, expected ${line.code} ${line.stdout} ${line.stderr}`,
        )
      }
    }
    expect(wrong).toEqual([])
    expect(asked).toBeGreaterThan(40)
  })
})

/** The fields of another version's answers, and a flag that not every etcdctl has. */
function isUnlike({ args = [] }: Line): boolean {
  return (args.includes('json') && args[0] === 'endpoint') || args.includes('--count-only')
}
