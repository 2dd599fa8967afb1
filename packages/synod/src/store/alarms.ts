/** Why the cluster refuses some requests, in the numbers of etcd's API. 0 stands for none, or in a question for all. */
export const alarmTypes = { noSpace: 1, corrupt: 2 } as const

/** What one member raised, or what was raised in its name. */
export interface Alarm {
  readonly member: bigint
  /** One of `alarmTypes`. */
  readonly alarm: number
  /** The quota that was exhausted, of one that a member raised by itself; 0: raised by hand, and taken back by hand only. */
  readonly quotaBytes: number
}

/** The alarms that are on. Few ever are: a list does. */
export class Alarms {
  /** By type and member; replaced, never changed: who reads it keeps it. */
  list: readonly Alarm[] = []
  /** What is asked before every write. */
  noSpace = false
  corrupt = false

  find(alarm: number, member: bigint): Alarm | undefined {
    return this.list.find((one) => one.alarm === alarm && one.member === member)
  }

  /** What was raised by hand stays so. */
  raise(raised: Alarm): Alarm {
    const known = this.find(raised.alarm, raised.member)
    if (known !== undefined && (known.quotaBytes === 0 || known.quotaBytes === raised.quotaBytes)) return known
    this.replace([...this.list.filter((one) => one !== known), raised].toSorted(inOrder))
    return raised
  }

  /**
   * By hand whatever is on; with a quota only what was raised because of that very quota: it may have been raised anew, or
   * by hand, since its end was proposed.
   */
  clear({ alarm, member, quotaBytes }: Alarm): Alarm | undefined {
    const known = this.find(alarm, member)
    if (known === undefined || (quotaBytes !== 0 && quotaBytes !== known.quotaBytes)) return undefined
    this.replace(this.list.filter((one) => one !== known))
    return known
  }

  private replace(list: readonly Alarm[]): void {
    this.list = list
    this.noSpace = list.some(({ alarm }) => alarm === alarmTypes.noSpace)
    this.corrupt = list.some(({ alarm }) => alarm === alarmTypes.corrupt)
  }
}

/** Is it an alarm that this version knows? */
export function isAlarmType(alarm: number): boolean {
  return alarm === alarmTypes.noSpace || alarm === alarmTypes.corrupt
}

/** Negative where `a` comes first. */
export function inOrder(a: Alarm, b: Alarm): number {
  return a.alarm - b.alarm || (a.member < b.member ? -1 : Number(a.member > b.member))
}
