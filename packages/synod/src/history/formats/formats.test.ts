import { describe, expect, test } from 'vitest'
import { MalformedHistory, modelOf, parseHistories, parseHistory } from '../index.ts'

// Goal: whoever writes a file of their own learns from the message what is wrong with it, and where. Method: one defect
// in each file; the message names the line and what was expected.

const head = '{"synod":"history","version":1,"model":"register"}'
const invoke = '{"type":"invoke","time":1,"client":"a","operation":{"type":"write","value":1}}'
const ok = '{"type":"ok","time":2,"client":"a","result":null}'

function messageOf(...lines: string[]): string {
  try {
    parseHistories(lines.join('\n'))
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedHistory)
    return error instanceof Error ? error.message : ''
  }
  return 'no error'
}

describe('our own lines', () => {
  test('may be followed by another history, and have empty lines', () => {
    const [first, second] = parseHistories(
      [head, invoke, '', ok, head.replace('}', ',"initial":7,"name":"two"}'), invoke].join('\n'),
    )
    expect(first?.events).toHaveLength(2)
    expect(second).toMatchObject({ model: 'register', initial: 7, name: 'two', events: [{ type: 'invoke' }] })
    expect(() => parseHistory([head, head].join('\n'))).toThrow('expected one history, found 2')
  })

  test('of another version are refused with both numbers and what to do', () => {
    const message = messageOf(head.replace('"version":1', '"version":2'))
    expect(message).toContain('line 1: the history has version 2, and this version of Synod reads version 1')
    expect(message).toContain('or record it again')
  })

  const wrong: { name: string; lines: string[]; says: RegExp }[] = [
    {
      name: 'a head without a model',
      lines: ['{"synod":"history","version":1}'],
      says: /^line 1: expected the head.*model: text/,
    },
    { name: 'a line that is no JSON', lines: [head, invoke, 'oops'], says: /^line 3: expected an event.*found oops/ },
    { name: 'a line that was cut', lines: [head, invoke.slice(0, 30)], says: /^line 2: expected an event/ },
    {
      name: 'an unknown type',
      lines: [head, '{"type":"fail"}'],
      says: /^line 2: expected an event with the type invoke, ok/,
    },
    { name: 'a type of every object', lines: [head, '{"type":"constructor"}'], says: /^line 2: expected an event/ },
    {
      name: 'a time that is none',
      lines: [head, invoke.replace('1', '"1"')],
      says: /^line 2: expected \{type: "invoke", time: number/,
    },
    {
      name: 'an operation of another model',
      lines: [head, invoke.replace('write', 'put')],
      says: /^line 2: expected .*"cas", from: text/,
    },
    {
      name: 'a result of another model',
      lines: [head, invoke, ok.replace('null', '{}')],
      says: /^line 3: expected .*result: text \| number/,
    },
    { name: 'an answer to nobody', lines: [head, ok], says: /^line 2: expected an invocation of a before its answer/ },
    {
      name: 'two invocations',
      lines: [head, invoke, invoke],
      says: /^line 3: expected the answer to what a invoked in line 2/,
    },
    {
      name: 'time that goes back',
      lines: [head, invoke, ok.replace('2', '0')],
      says: /^line 3: expected a time of 1 or later/,
    },
  ]
  test.each(wrong)('with $name are refused', ({ lines, says }) => {
    expect(messageOf(...lines)).toMatch(says)
  })

  test('of a model that is not ours are read as they are, and have no model', () => {
    const history = parseHistory([head.replace('register', 'bank'), invoke.replace('write', 'transfer')].join('\n'))
    expect(history.events).toHaveLength(1)
    expect(() => modelOf(history)).toThrow("the model 'bank' is unknown: expected register, cas-register")
    expect(() => modelOf({ ...history, model: 'constructor' })).toThrow("the model 'constructor' is unknown")
  })

  test('can be judged by another model, if their operations are its own', () => {
    const history = parseHistory([head, invoke, ok].join('\n'))
    expect(modelOf(history, 'cas-register').name).toBe('cas-register')
    expect(() => modelOf(history, 'queue')).toThrow(/^event 1: expected an operation of 'queue'/)
    expect(() => modelOf({ ...history, initial: {} })).toThrow(/initial state of 'register'/)
  })
})

describe('others are recognized by their content, and refused by line', () => {
  test.each([
    { file: '', says: /^expected a history: .* found nothing/ },
    { file: 'hello', says: /^line 1: expected a history: our own JSON lines/ },
    { file: '[1]', says: /^case 1: expected \{name: text, model/ },
    { file: '[{"name":', says: /^line 1: expected a list of cases/ },
    { file: '{:process 0, :type :invoke, :f :pop, :key "0", :value nil}', says: /^line 1: expected \{:process N/ },
    { file: '{:process 0, :type :invoke, :f :get, :key "0" "x"}', says: /^line 1: expected \{:process N/ },
    { file: 'INFO  jepsen.util - 0\t:invoke\t:read\tnil\nhello', says: /^line 2: expected INFO {2}jepsen.util/ },
    { file: 'INFO  jepsen.util - 0\t:invoke\t:cas\t[1]', says: /^line 1: expected INFO {2}jepsen.util/ },
    {
      file: 'INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:write\t1',
      says: /^line 2: expected an answer to :read/,
    },
  ])('$file', ({ file, says }) => {
    expect(messageOf(file)).toMatch(says)
  })

  test('what was found is cut, and a terminal does not obey it', () => {
    const message = messageOf(`\u001B[2J\u009B2J\u202E${'\u0000\uFFFD'.repeat(100)}`)
    expect(message).toContain(
      String.raw`found \u001b[2J\u009b2J\u202e\u0000\uFFFD`.replace(String.raw`\uFFFD`, '\uFFFD'),
    )
    expect(message).not.toMatch(/[\p{Cc}\u202E]/u)
    expect(message.length).toBeLessThan(800)
    expect(messageOf(head, ok.replace('"a"', String.raw`"\u001b"`))).toContain(String.raw`an invocation of \u001b`)
  })

  test('a nemesis is no client, and a read that failed never happened', () => {
    const lines = [':nemesis\t:info\t:start\tnil', '0\t:invoke\t:read\tnil', '0\t:fail\t:read\t:timed-out']
    const { events } = parseHistory(lines.map((line) => `INFO  jepsen.util - ${line}`).join('\n'))
    expect(events.map(({ type }) => type)).toEqual(['invoke', 'rejected'])
  })
})
