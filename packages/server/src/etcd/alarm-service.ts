import type { Unary } from 'synod/grpc'
import { errors, isAlarmType } from 'synod/store'
import { alarmActions, readAlarmRequest, writeAlarms } from '../proto/alarm-messages.ts'
import type { AlarmMember } from '../proto/alarm-messages.ts'
import { ProtoReader } from '../proto/wire.ts'
import { ReadCall, WriteCall } from './calls.ts'
import { refuse } from './failures.ts'
import type { Front } from './front.ts'

/** Maintenance/Alarm: what is on, and by hand on and off. */
export class AlarmService {
  private readonly front: Front

  constructor(front: Front) {
    this.front = front
  }

  alarm(call: Unary, message: Uint8Array): void {
    const { action, member, alarm } = readAlarmRequest(new ProtoReader(message))
    const { front } = this
    if (alarm !== 0 && !isAlarmType(alarm)) return refuse(call, errors.invalidAlarm)
    switch (action) {
      case alarmActions.get:
        return this.answer(call, () => front.store.alarms.list.filter((one) => alarm === 0 || one.alarm === alarm))
      case alarmActions.activate:
      case alarmActions.deactivate: {
        // As with etcd, no alarm at all goes on or off without a word.
        if (alarm === 0) return this.answer(call, () => [])
        const on = action === alarmActions.activate
        return front.submit({ type: 'alarm', on, alarm, member, quotaBytes: 0 }, new WriteCall(front, call))
      }
      default:
        return refuse(call, errors.invalidAlarm)
    }
  }

  private answer(call: Unary, alarms: () => readonly AlarmMember[]): void {
    const { front } = this
    front.replica.read(
      new ReadCall(call, () => {
        const out = front.out.reset()
        writeAlarms(out, alarms())
        front.writeHeader(front.store.revision)
        call.respond(out.finish())
      }),
    )
  }
}
