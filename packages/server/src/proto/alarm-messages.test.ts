import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode } from '../testing/reference.ts'
import { alarmName, alarmText, readAlarmRequest, readAlarms, writeAlarmRequest, writeAlarms } from './alarm-messages.ts'
import { ProtoReader, ProtoWriter } from './wire.ts'

// As in messages.test.ts: what is written here, the reference reads, and the other way round.

function written(write: (out: ProtoWriter) => void): Uint8Array {
  const out = new ProtoWriter()
  write(out.reset())
  return out.finish().slice()
}

const unsignedId = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const alarms = fc.array(fc.record({ member: unsignedId, alarm: fc.nat(2) }), { maxLength: 3 })
const actions = ['GET', 'ACTIVATE', 'DEACTIVATE']

test('AlarmRequest and AlarmResponse mean the same both ways', () => {
  const request = fc.record({ action: fc.nat(2), member: unsignedId, alarm: fc.nat(2) })
  fc.assert(
    fc.property(request, alarms, (asked, on) => {
      const bytes = written((out) => writeAlarmRequest(out, asked))
      const { action, member, alarm } = asked
      const words = { action: actions[action], memberID: String(member), alarm: alarmName(alarm) }
      expect(decode('AlarmRequest', bytes)).toEqual(words)
      expect(readAlarmRequest(new ProtoReader(bytes))).toEqual(asked)
      const answer = written((out) => writeAlarms(out, on))
      expect(readAlarms(new ProtoReader(answer))).toEqual(on)
      const members = on.map((one) => ({ memberID: String(one.member), alarm: alarmName(one.alarm) }))
      expect(decode('AlarmResponse', answer)).toMatchObject({ alarms: members })
    }),
  )
})

test('an alarm reads as it does with etcd', () => {
  expect(alarmText({ member: 2n ** 64n - 1n, alarm: 2 })).toBe('memberID:18446744073709551615 alarm:CORRUPT ')
  expect(alarmText({ member: 1n, alarm: 7 })).toBe('memberID:1 alarm:7 ')
})
