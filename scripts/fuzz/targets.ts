import { grpcBodies } from './grpc-bodies.ts'
import { hpack } from './hpack.ts'
import { http2 } from './http2.ts'
import { journal } from './journal.ts'
import { peers } from './peers.ts'
import type { Target } from './target.ts'

/** Every decoder of bytes from outside this process, by the name that the command line knows. */
export const targets: Readonly<Record<string, Target>> = { http2, hpack, grpc: grpcBodies, journal, peers }
