import type { Alarm } from 'synod/store'
import type { ProtoReader, ProtoWriter } from './wire.ts'

/** The numbers of etcdserverpb.AlarmRequest.AlarmAction. */
export const alarmActions = { get: 0, activate: 1, deactivate: 2 } as const

/** etcdserverpb.AlarmRequest. Of an alarm 0 asks for all. */
export interface AlarmRequest {
  readonly action: number
  readonly member: bigint
  readonly alarm: number
}

/** etcdserverpb.AlarmMember */
export type AlarmMember = Pick<Alarm, 'member' | 'alarm'>

export function readAlarmRequest(input: ProtoReader): AlarmRequest {
  let action = 0
  let member = 0n
  let alarm = 0
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) action = input.enumeration()
    else if (field === 2) member = input.uint64()
    else if (field === 3) alarm = input.enumeration()
    else input.skip()
  }
  return { action, member, alarm }
}

export function writeAlarmRequest(out: ProtoWriter, { action, member, alarm }: AlarmRequest): void {
  out.number(3, alarm)
  out.bigint(2, member)
  out.number(1, action)
}

/** Everything of an AlarmResponse after its header. */
export function writeAlarms(out: ProtoWriter, alarms: readonly AlarmMember[]): void {
  for (const { member, alarm } of alarms.toReversed()) {
    const mark = out.begin()
    out.number(2, alarm)
    out.bigint(1, member)
    out.end(2, mark)
  }
}

/** What is on, or was, of an AlarmResponse. */
export function readAlarms(input: ProtoReader): AlarmMember[] {
  const alarms: AlarmMember[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field !== 2) {
      input.skip()
      continue
    }
    const outer = input.enter()
    let member = 0n
    let alarm = 0
    for (let inner = input.next(); inner !== 0; inner = input.next()) {
      if (inner === 1) member = input.uint64()
      else if (inner === 2) alarm = input.enumeration()
      else input.skip()
    }
    input.leave(outer)
    alarms.push({ member, alarm })
  }
  return alarms
}

/** As etcd's own tools write it, to the blank at its end. */
export function alarmText({ member, alarm }: AlarmMember): string {
  return `memberID:${member} alarm:${alarmName(alarm)} `
}

export function alarmName(alarm: number): string {
  return ['NONE', 'NOSPACE', 'CORRUPT'][alarm] ?? String(alarm)
}
