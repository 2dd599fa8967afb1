import type { ProtoReader, ProtoWriter } from './wire.ts'

/** etcdserverpb.LeaseTimeToLiveRequest */
export interface TimeToLiveRequest {
  readonly id: bigint
  /** Are the keys wanted that it holds? */
  readonly keys: boolean
}

export function readTimeToLive(input: ProtoReader): TimeToLiveRequest {
  let id = 0n
  let keys = false
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) id = input.int64()
    else if (field === 2) keys = input.flag()
    else input.skip()
  }
  return { id, keys }
}

/** Everything of a LeaseTimeToLiveResponse after its header. */
export function writeTimeToLive(
  out: ProtoWriter,
  id: bigint,
  seconds: number,
  granted: number,
  keys: readonly Uint8Array[],
): void {
  for (const key of keys.toReversed()) out.element(5, key)
  out.number(4, granted)
  out.number(3, seconds)
  out.bigint(2, id)
}

/** Everything of a LeaseLeasesResponse after its header. */
export function writeLeases(out: ProtoWriter, ids: readonly bigint[]): void {
  for (const id of ids.toReversed()) {
    const mark = out.begin()
    out.bigint(1, id)
    out.end(2, mark)
  }
}
