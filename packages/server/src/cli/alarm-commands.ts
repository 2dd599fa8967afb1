import { alarmActions, alarmName, alarmText, readAlarms, writeAlarmRequest } from '../proto/alarm-messages.ts'
import type { AlarmMember } from '../proto/alarm-messages.ts'
import { withClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { exitCodes } from './exit.ts'
import { hexadecimal } from './identity.ts'
import { printJson, printLine } from './output.ts'

const path = '/etcdserverpb.Maintenance/Alarm'

async function askAlarms(client: Client): Promise<AlarmMember[]> {
  return client.ask(
    path,
    (out) => writeAlarmRequest(out, { action: alarmActions.get, member: 0n, alarm: 0 }),
    readAlarms,
  )
}

/** Why the cluster refuses writes, one line each as etcdctl prints them; nothing where all is well. */
export async function alarmList(options: ClientOptions): Promise<number> {
  print(await withClient(options, askAlarms), options)
  return exitCodes.ok
}

/** Takes all of them back, and prints which those were. */
export async function alarmDisarm(options: ClientOptions): Promise<number> {
  const disarmed = await withClient(options, async (client) => {
    const gone: AlarmMember[] = []
    for (const alarm of await askAlarms(client)) {
      const request = { ...alarm, action: alarmActions.deactivate }
      gone.push(...(await client.change(path, (out) => writeAlarmRequest(out, request), readAlarms)))
    }
    return gone
  })
  print(disarmed, options)
  return exitCodes.ok
}

function print(alarms: readonly AlarmMember[], { json }: ClientOptions): void {
  if (json === true) {
    printJson({ alarms: alarms.map(({ member, alarm }) => ({ member: hexadecimal(member), alarm: alarmName(alarm) })) })
    return
  }
  for (const alarm of alarms) printLine(alarmText(alarm).trimEnd())
}
