import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { enumsText, messagesText, routesText } from './interface-text.ts'

// Goal: the tables of the gateway are what the .proto files say. Method: made again from those files, by somebody else's
// reader of them, and compared as text. Where they differ, what the test prints is what belongs there.

const protos = join(import.meta.dirname, '../../protos')
const wellKnown = dirname(createRequire(import.meta.url).resolve('protobufjs/package.json'))
const root = new protobuf.Root()
root.resolvePath = (_, target): string => join(target.startsWith('google/protobuf') ? wellKnown : protos, target)
root.loadSync(
  ['etcd/api/etcdserverpb/rpc.proto', 'etcd/server/v3lockpb/v3lock.proto', 'etcd/server/v3electionpb/v3election.proto'],
  { keepCase: true },
)
root.resolveAll()

const messages = new Map<string, string>()
const enums = new Map<string, string>()
const routes: string[] = []

interface HttpRule {
  readonly post: string
  readonly additional_bindings?: HttpRule
}

for (const name of ['etcdserverpb', 'v3lockpb', 'v3electionpb']) {
  const space = root.lookup(name)
  const found = space instanceof protobuf.Namespace ? space.nestedArray : []
  for (const service of found) if (service instanceof protobuf.Service) service.methodsArray.forEach(takeMethod)
}

function nameOf(one: protobuf.ReflectionObject | null): string {
  return one?.fullName.replace(/^\.(etcdserverpb\.)?/, '') ?? ''
}

function takeMethod(method: protobuf.Method): void {
  method.resolve()
  const options = (method.parsedOptions ?? []) as readonly Readonly<Record<string, HttpRule>>[]
  const rule = options.map((one) => one['(google.api.http)']).find((one) => one !== undefined)
  const service = method.parent?.fullName.slice(1)
  const { resolvedRequestType: request, resolvedResponseType: response } = method
  if (rule === undefined || request === null || response === null) return
  takeMessage(request)
  takeMessage(response)
  for (const { post } of [rule, rule.additional_bindings].filter((one) => one !== undefined)) {
    routes.push(`${post} ${service}/${method.name} ${nameOf(request)} ${nameOf(response)}`)
  }
}

function takeMessage(type: protobuf.Type): void {
  if (messages.has(nameOf(type))) return
  messages.set(nameOf(type), '')
  messages.set(nameOf(type), type.fieldsArray.map((field) => ` ${fieldText(field)}`).join(''))
}

function fieldText({ name, id, repeated, type, resolvedType, partOf }: protobuf.Field): string {
  if (resolvedType instanceof protobuf.Type) takeMessage(resolvedType)
  if (resolvedType instanceof protobuf.Enum) {
    enums.set(
      nameOf(resolvedType),
      Object.entries(resolvedType.values)
        .map(([one, number]) => ` ${one}=${number}`)
        .join(''),
    )
  }
  const kind = resolvedType === null ? type : nameOf(resolvedType)
  return `${name}:${repeated ? '*' : ''}${kind}=${id}${partOf === null ? '' : `/${partOf.name}`}`
}

function textOf(map: ReadonlyMap<string, string>): string {
  return `\n${[...map].map(([name, rest]) => `${name}${rest}`).join('\n')}\n`
}

test('paths, methods and their messages', () => {
  expect(routesText).toBe(`\n${routes.join('\n')}\n`)
})

test('messages and their fields', () => {
  expect(messagesText).toBe(textOf(messages))
})

test('enums and their values', () => {
  expect(enumsText).toBe(textOf(enums))
})
