/** The HTTP statuses of gRPC's codes, by their numbers: google/rpc/code.proto says which is which. */
const statuses: readonly number[] = [
  200, // OK
  499, // cancelled: the client has closed the request
  500, // unknown
  400, // invalid argument
  504, // deadline exceeded
  404, // not found
  409, // already exists
  403, // permission denied
  429, // resource exhausted
  400, // failed precondition
  409, // aborted
  400, // out of range
  501, // unimplemented
  500, // internal
  503, // unavailable
  500, // data loss
  401, // unauthenticated
]

export function statusOf(code: number): number {
  return statuses[code] ?? 500
}
