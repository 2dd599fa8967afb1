import { expect, onTestFinished, test } from 'vitest'
import { RealCluster } from '../testing/real-cluster.ts'

// Goal: a full cluster says so wherever it is asked, and goes on by itself once there is room. Method: three durable
// members with a small quota, filled at one, compacted at another, written to at the third.

test(
  'the member that is full speaks for all, and a compaction ends it without another word',
  { timeout: 60_000 },
  async () => {
    const cluster = await new RealCluster({ quotaBackendBytes: 200_000 }).start(3)
    onTestFinished(() => cluster.stop())
    // Refused when less than a sixteenth of the quota is free: where more is, the leader ends the alarm by itself.
    const request = { key: 'YQ==', value: Buffer.alloc(10_000, 'v').toString('base64') }
    const put = async (member: number): Promise<boolean> => !('error' in (await cluster.ask(member, 'KV/Put', request)))
    const alarms = async (member: number): Promise<unknown> =>
      (await cluster.ask(member, 'Maintenance/Alarm'))['alarms']

    let written = 0
    while (await put(2)) expect(++written).toBeLessThan(25)
    const alarm = { memberID: String(cluster.member(2).id), alarm: 'NOSPACE' }
    for (const member of [1, 2, 3]) {
      // Each tells what it has applied.
      await cluster.until(async () => (await alarms(member)) !== undefined)
      expect(await alarms(member)).toEqual([alarm])
      expect(await cluster.ask(member, 'KV/Put', { key: 'Yg==' })).toMatchObject({ error: { code: 8 } })
    }
    const { header } = await cluster.ask(3, 'KV/Range', { key: 'YQ==' })
    await cluster.ask(3, 'KV/Compact', { revision: Object(header).revision as string })
    await cluster.until(async () => (await alarms(1)) === undefined)
    for (const member of [1, 2, 3]) expect(await put(member)).toBe(true)
  },
)
