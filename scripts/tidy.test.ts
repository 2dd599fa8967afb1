import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { platformRooms, rooms } from './rooms.ts'
import {
  bannedWords,
  deadLinks,
  deadTestdata,
  differingRooms,
  filesOf,
  incompleteProtocols,
  isCode,
  registryAddresses,
  type RoomConfig,
  type SourceFile,
  tooLong,
  vagueName,
} from './tidy.ts'

// Goal: the rules of style that neither compiler, linter nor formatter can state hold in every file. Method: read them
// all; and plant each defect in small files, so that a rule which finds nothing is known to look.

const root = join(import.meta.dirname, '..')
const files = filesOf(root)

interface Manifest {
  readonly name: string
  readonly version: string
  readonly files?: readonly string[]
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | { readonly '@synod/source': string; readonly default: string }>>
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
}

const published = ['packages/synod', 'packages/server']
const library = manifest('packages/synod')

/** Each public entry of a package that is code: its name for an importer, and its source. */
function entries(folder: string, name: string): { entry: string; source: string; built: string }[] {
  return Object.entries(manifest(folder).exports ?? {}).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    const entry = join(name, path)
    return [{ entry, source: join(folder, target['@synod/source']), built: target.default }]
  })
}

const allEntries = [...entries('packages/synod', 'synod'), ...entries('packages/server', '@synod/server')]

function file(path: string, text = ''): SourceFile {
  return { path, text }
}

describe('the files of this project', () => {
  test('are found', () => {
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['package.json', '.ci/run', 'packages/synod/src/core/index.ts']))
    expect(paths.filter((path) => /node_modules|\/dist\//.test(path))).toEqual([])
  })

  test('promise nothing for later, and name no folder of one machine', () => {
    expect(files.flatMap(bannedWords)).toEqual([])
  })

  test('have at most 500 lines', () => {
    expect(files.flatMap(tooLong)).toEqual([])
  })

  test('have names that say what is inside', () => {
    expect(files.flatMap(vagueName)).toEqual([])
  })

  test('are linked to where they are', () => {
    expect(files.flatMap((one) => deadLinks(one, (path) => existsSync(join(root, path))))).toEqual([])
  })

  test('keep no test data that nobody reads', () => {
    expect(deadTestdata(files)).toEqual([])
  })

  test('complete each protocol', () => {
    expect(incompleteProtocols(files, Object.keys(library.exports ?? {}))).toEqual([])
  })
})

test('compiler and linter agree on who may import whom', () => {
  const configs = files.flatMap(({ path, text }) => {
    const [, room] = /^packages\/synod\/src\/([^/]+)\/tsconfig\.json$/.exec(path) ?? []
    return room === undefined ? [] : [[room, JSON.parse(text) as RoomConfig] as const]
  })
  expect(differingRooms(rooms, platformRooms, Object.fromEntries(configs))).toEqual([])
})

describe('what is published', () => {
  test.each(allEntries)('$entry has a source, and is built to where it says', ({ source, built }) => {
    expect(existsSync(join(root, source)), source).toBe(true)
    expect(built).toBe(source.replace(/^packages\/\w+\/src\//, './dist/').replace(/\.ts$/, '.js'))
  })

  // A name that appears or disappears here is a decision: `npx vitest run scripts -u` writes it down.
  test('has the surface that was decided', async () => {
    const surface: string[] = []
    for (const { entry, source } of allEntries) {
      const names = Object.keys((await import(join(root, source))) as object).toSorted()
      surface.push(`${entry}\n${names.map((name) => `  ${name}\n`).join('')}`)
    }
    await expect(surface.join('\n')).toMatchFileSnapshot('surface.txt')
  })

  test('says in its READMEs what can be imported', () => {
    for (const folder of published) {
      const readme = readFileSync(join(root, folder, 'README.md'), 'utf8')
      const untold = entries(folder, manifest(folder).name).filter(({ entry }) => !readme.includes(entry))
      expect(untold.map(({ entry }) => entry)).toEqual([])
    }
  })

  test('carries one version number, which the change log tells', () => {
    const { version } = library
    for (const folder of [...published, 'bench', 'examples']) {
      const { version: own, dependencies = {} } = manifest(folder)
      expect(own, folder).toBe(version)
      const ours = Object.entries(dependencies).filter(([name]) => /^(@synod\/|synod$)/.test(name))
      for (const [name, wanted] of ours) expect(wanted, `${name} in ${folder}`).toBe(version)
    }
    const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
    expect(changes).toContain(`\n## ${version}`)
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(version)
  })

  test.each(published)('%s carries the licence', (folder) => {
    expect(readFileSync(join(root, folder, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
  })
})

test('the lockfile names no registry', () => {
  expect(registryAddresses(readFileSync(join(root, 'package-lock.json'), 'utf8'))).toEqual([])
})

describe('a planted defect is found:', () => {
  test('unfinished work, and a path of one machine', () => {
    const words = 'TO-DO FIX-ME'.replaceAll('-', '').split(' ')
    for (const word of words) expect(bannedWords(file('a.ts', `x\n// ${word}: later`))).toEqual([`a.ts:2: ${word}`])
    expect(bannedWords(file('a.ts', `import '${['', 'work', 'x.ts'].join('/')}'`))).toHaveLength(1)
    expect(bannedWords(file('a.ts', '// the work is done, see work/x.ts'))).toEqual([])
    expect(bannedWords(file('testdata/a.txt', words.join(' ')))).toEqual([])
  })

  test('a long file', () => {
    expect(tooLong(file('a.ts', 'x\n'.repeat(500)))).toEqual([])
    expect(tooLong(file('a.ts', 'x\n'.repeat(501)))).toHaveLength(1)
    expect(tooLong(file('testdata/a.mjs', 'x\n'.repeat(501)))).toEqual([])
  })

  test('a name that says nothing', () => {
    const paths = ['src/utils.ts', 'src/helpers/a.ts', 'src/types.ts', 'src/utils.test.ts']
    for (const path of paths) expect(vagueName(file(path)), path).toHaveLength(1)
    expect(vagueName(file('src/type-check.ts'))).toEqual([])
  })

  test('dead test data', () => {
    const data = [file('p/testdata/a.txt'), file('p/testdata/deep/b.txt'), file('p/testdata/README.md')]
    const dead = ['p/testdata/a.txt: no test reads it', 'p/testdata/deep/b.txt: no test reads it']
    expect(deadTestdata(data)).toEqual(dead)
    expect(deadTestdata([...data, file('p/src/x.test.ts', "open('../testdata/a.txt')")])).toEqual([dead[1]])
    expect(deadTestdata([...data, file('p/src/x.test.ts', "read('../testdata/')")])).toEqual([])
    expect(deadTestdata([...data, file('p/src/x.test.ts', '// ../testdata/ is not read')])).toEqual(dead)
    expect(deadTestdata([...data, file('q/src/x.test.ts', "read('../testdata/')")])).toEqual(dead)
  })

  test('a protocol without one of its parts', () => {
    const parts = ['README.md', 'index.ts', 'messages.ts', 'invariants.ts', 'codec.ts', 'x.test.ts']
    const whole = parts.map((part) => file(`packages/synod/src/protocols/x/${part}`))
    expect(incompleteProtocols(whole, ['./x'])).toEqual([])
    expect(incompleteProtocols(whole, ['.'])).toEqual(['protocols/x has no the export ./x'])
    for (const [i, part] of parts.entries()) {
      const found = incompleteProtocols(whole.toSpliced(i, 1), ['./x'])
      expect(found, part).toEqual([`protocols/x has no ${part.endsWith('.test.ts') ? 'a test' : part}`])
    }
  })

  test('an address of nothing', () => {
    const page = file('docs/a.md', '[b](b.md#part) [web](https://example.org) [here](#part) [up](../c.md)')
    expect(deadLinks(page, (path) => path === 'docs/b.md')).toEqual(['docs/a.md: ../c.md does not exist'])
  })

  test('rooms that differ', () => {
    const table = { core: [], store: ['core'], grpc: ['core'] }
    const core = { references: [] }
    const friend = { references: [{ path: '../core' }] }
    const node = { compilerOptions: { types: ['node'] }, ...friend }
    const found = (configs: Record<string, RoomConfig>): number => differingRooms(table, ['grpc'], configs).length
    expect(found({ core, store: friend, grpc: node })).toBe(0)
    expect(found({ core, store: core, grpc: node })).toBe(1)
    expect(found({ core: friend, store: friend, grpc: node })).toBe(1)
    expect(found({ core, store: node, grpc: node })).toBe(1)
    expect(found({ core, store: friend })).toBe(1)
    expect(found({ core, store: friend, grpc: node, cellar: core })).toBe(1)
  })

  test('a lockfile that names its registry', () => {
    expect(registryAddresses('"resolved": "https://registry.example/a.tgz",')).toHaveLength(1)
    expect(registryAddresses('"resolved": "packages/server",')).toEqual([])
  })

  test('and code is told from data', () => {
    expect([file('a.ts'), file('testdata/a.mjs'), file('a.md')].map(isCode)).toEqual([true, false, false])
  })
})
