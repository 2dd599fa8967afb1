import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import protobuf from 'protobufjs'

// A second implementation of the API's messages, made from the committed interface files at run time. Tests compare
// our hand-written one with it, and speak to the server through it.

const protos = join(import.meta.dirname, '../../protos')
const wellKnown = dirname(createRequire(import.meta.url).resolve('protobufjs/package.json'))

const root = new protobuf.Root()
root.resolvePath = (_origin, target): string => join(target.startsWith('google/protobuf') ? wellKnown : protos, target)
root.loadSync([
  'etcd/api/etcdserverpb/rpc.proto',
  'etcd/server/v3lockpb/v3lock.proto',
  'etcd/server/v3electionpb/v3election.proto',
  'grpc/health/v1/health.proto',
])
root.resolveAll()

export type Plain = Record<string, unknown>

/** `etcdserverpb` unless the name says another package. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(name.includes('.') ? name : `etcdserverpb.${name}`)
}

/** All services of the interface files: full name, methods, their messages. */
export function services(): protobuf.Service[] {
  return ['etcdserverpb', 'v3lockpb', 'v3electionpb', 'grpc.health.v1'].flatMap((name) => {
    const space = root.lookup(name)
    return space instanceof protobuf.Namespace ? space.nestedArray.filter((one) => one instanceof protobuf.Service) : []
  })
}

export function encode(name: string, message: Plain): Uint8Array {
  const type = messageType(name)
  return new Uint8Array(type.encode(type.fromObject(message)).finish())
}

/** Every field, defaults too; 64-bit numbers and names of enums as text, bytes as base64. */
export function decode(name: string, bytes: Uint8Array): Plain {
  const type = messageType(name)
  return type.toObject(type.decode(bytes), {
    longs: String,
    enums: String,
    bytes: String,
    defaults: true,
    arrays: true,
  })
}
