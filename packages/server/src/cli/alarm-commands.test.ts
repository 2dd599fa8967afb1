import { expect, onTestFinished, test } from 'vitest'
import { EtcdClient } from '../testing/etcd-client.ts'
import { OneNode } from '../testing/one-node.ts'
import { runHere } from '../testing/processes.ts'

// Goal: an operator sees which alarms are on, and takes them back. Method: the commands, against a node with two alarms.

test('alarms are listed and disarmed as with etcdctl', async () => {
  const node = await new OneNode().start()
  onTestFinished(() => node.stop())
  const client = new EtcdClient(node.port)
  onTestFinished(() => client.close())
  const endpoints = ['--endpoints', node.url]
  expect(await runHere(['alarm', 'list', ...endpoints])).toEqual({ code: 0, stdout: '', stderr: '' })
  for (const [memberID, alarm] of [
    ['18446744073709551615', 'CORRUPT'],
    ['5', 'NOSPACE'],
  ]) {
    await client.call('Maintenance/Alarm', { action: 'ACTIVATE', memberID: memberID ?? '', alarm: alarm ?? '' })
  }
  const both = 'memberID:5 alarm:NOSPACE\nmemberID:18446744073709551615 alarm:CORRUPT\n'
  expect(await runHere(['alarm', 'list', ...endpoints])).toMatchObject({ code: 0, stdout: both })
  expect(JSON.parse((await runHere(['alarm', 'list', '--json', ...endpoints])).stdout)).toEqual({
    alarms: [
      { member: '0000000000000005', alarm: 'NOSPACE' },
      { member: 'ffffffffffffffff', alarm: 'CORRUPT' },
    ],
  })
  const { stdout } = await runHere(['status', ...endpoints])
  expect(stdout).toContain('memberID:5 alarm:NOSPACE')
  expect(await runHere(['put', 'a', 'b', ...endpoints])).toMatchObject({ code: 1 })
  expect(await runHere(['alarm', 'disarm', ...endpoints])).toMatchObject({ code: 0, stdout: both })
  expect(await runHere(['alarm', 'disarm', ...endpoints])).toMatchObject({ code: 0, stdout: '' })
  expect(await runHere(['put', 'a', 'b', ...endpoints])).toMatchObject({ code: 0 })
})
