import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Field, type HeaderList } from './hpack.ts'
import { HeadReader } from './request.ts'
import { Routes } from './routes.ts'

// Goal: what a header list means does not depend on what came before it. Method: lists whose fields are often the same
// objects, as the tables of HPACK hand them out, read one after the other by one reader, and each by a new one.
const path = new Field(':path', '/test.Echo/Say')
const otherPath = new Field(':path', '/test.Echo/Nothing')
const method = new Field(':method', 'POST')
const get = new Field(':method', 'GET')
const scheme = new Field(':scheme', 'http')
const type = new Field('content-type', 'application/grpc')
const agent = new Field('user-agent', 'somebody')
const otherAgent = new Field('user-agent', 'somebody else')
const upgrade = new Field('upgrade', 'websocket')

const timeout = fc
  .constantFrom('1S', '20m', '99999999n', '1 hour', '', '123456789S')
  .map((value) => new Field('grpc-timeout', value))
const lists = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constant(method) }, fc.constant(get)),
    fc.oneof({ weight: 5, arbitrary: fc.constant(path) }, fc.constant(otherPath)),
    fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(agent) }, fc.constantFrom(otherAgent, upgrade)), {
      maxLength: 1,
    }),
    fc.array(timeout, { maxLength: 2 }),
    fc.boolean(),
    fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  )
  .map(([how, where, more, timeouts, first, tooLarge]): HeaderList<unknown> => {
    const rest = first ? [...timeouts, ...more] : [...more, ...timeouts]
    return { fields: [how, scheme, where, type, ...rest], tooLarge, meaning: undefined }
  })

test('a header list means the same after any others', () => {
  const routes = new Routes(new Map([['/test.Echo/Say', { unary: () => undefined }]]))
  const reader = (): HeadReader => new HeadReader(8192, (at) => routes.find(at))
  fc.assert(
    fc.property(fc.array(lists, { maxLength: 12 }), (all) => {
      const one = reader()
      for (const list of all) expect(one.read(list)).toEqual(reader().read(list))
    }),
  )
})
