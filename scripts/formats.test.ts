import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

// Goal: docs/formats.md has every message and every record of every protocol, under the number that the codec writes. Method: the
// tables of numbers in each codec's source, and those of the page. (What the fields are, no test can read there.)

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/formats.md'), 'utf8')
const protocols = join(root, 'packages/synod/src/protocols')

/** Where the page tells of a protocol, and up to where. */
const sections: Readonly<Record<string, readonly [from: string, to: string]>> = {
  raft: ["## Raft's records", "## Multi-Paxos'"],
  'multi-paxos': ["## Multi-Paxos' records", '## The protocols that decide once'],
  paxos: ['**Paxos.**', '**Ben-Or.**'],
  'ben-or': ['**Ben-Or.**', '**Failure detectors.**'],
  'failure-detectors': ['**Failure detectors.**', '**Chandra-Toueg.**'],
  'chandra-toueg': ['**Chandra-Toueg.**', 'A protocol without a codec'],
}

/** `2 prepare`, by what it is. */
type Numbered = Readonly<Record<'messages' | 'records', readonly string[]>>

function writtenBy(protocol: string): Numbered {
  const source = readFileSync(join(protocols, protocol, 'codec.ts'), 'utf8')
  const table = (name: string): string[] => {
    const body = new RegExp(`^const ${name} = {([^}]*)} as const$`, 'm').exec(source)?.[1] ?? ''
    return [...body.matchAll(/(\w+): (\d+)/g)].map(([, what, number]) => `${number} ${what}`)
  }
  const types = table('types')
  const life = /^const life = (\d+)$/m.exec(source)?.[1]
  return {
    messages: [...table('messages'), ...types],
    // Ben-Or writes down what it says; what it asks it does not.
    records: [...table('records'), ...types, ...(life === undefined ? [] : [`${life} life`])],
  }
}

function toldOf(protocol: string): Numbered {
  const [from, to] = sections[protocol] ?? ['', '']
  const section = page.slice(page.indexOf(from), page.indexOf(to))
  const numbered: Record<'messages' | 'records', string[]> = { messages: [], records: [] }
  for (const table of section.split('\n\n')) {
    const [head = '', , ...rows] = table.split('\n').map((line) => line.split('|')[1]?.trim() ?? '')
    const names = rows.flatMap((cell) => cell.split(', '))
    if (head.startsWith('message')) numbered.messages.push(...names)
    if (head.endsWith('record')) numbered.records.push(...names)
  }
  return numbered
}

describe('docs/formats.md', () => {
  test('has a place for every protocol', () => {
    const folders = readdirSync(protocols, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(sections).toSorted())
  })

  test.each(Object.keys(sections))('has the numbers of %s', (protocol) => {
    const written = writtenBy(protocol)
    expect(written.messages.length).toBeGreaterThan(0)
    expect(written.records.length).toBeGreaterThan(0)
    expect(toldOf(protocol)).toEqual(written)
  })
})
