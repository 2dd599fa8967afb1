import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, normalize, relative } from 'node:path'

/** A file of the project: its path from the root, with slashes, and what it says. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

const skippedFolders: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', 'synod-data'])
const textExtensions: ReadonlySet<string> = new Set(
  '.ts .tsx .js .mjs .json .jsonc .jsonl .md .txt .yaml .yml .proto'.split(' '),
)

/** Every text file under `root` that is ours: nothing built, installed or hidden but what CI runs. */
export function filesOf(root: string): SourceFile[] {
  const files: SourceFile[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        const hidden = entry.name.startsWith('.') && entry.name !== '.ci'
        if (!hidden && !skippedFolders.has(entry.name)) walk(path)
        // In a second working tree of one repository it is a file.
      } else if (entry.name === '.git') {
        continue
      } else if (textExtensions.has(extname(entry.name)) || extname(entry.name) === '') {
        files.push({ path: relative(root, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') })
      }
    }
  }
  walk(root)
  return files
}

/** Code of ours: neither data nor somebody else's interface files. */
export function isCode({ path }: SourceFile): boolean {
  return /\.(ts|tsx|js|mjs)$/.test(path) && !isForeign(path)
}

function isForeign(path: string): boolean {
  return /(^|\/)(testdata|protos)\//.test(path)
}

// Written so that these lines do not find themselves.
const unfinished = new RegExp(`\\b(${'TO-DO FIX-ME X-XX HA-CK'.replaceAll('-', '').replaceAll(' ', '|')})\\b`)
/** Folders of the machine that something was written on: they exist nowhere else. */
const outside = new RegExp(`/(${['work', 'root', 'home/[a-z]'].join('|')})/`)

/** What no text of ours may say: promises to finish it later, and paths of one machine. */
export function bannedWords(file: SourceFile): string[] {
  if (isForeign(file.path)) return []
  return file.text.split('\n').flatMap((line, i) => {
    const found = unfinished.exec(line) ?? outside.exec(line)
    return found === null ? [] : [`${file.path}:${i + 1}: ${found[0]}`]
  })
}

const linesMax = 500

/** A file that cannot be read in one sitting. */
export function tooLong(file: SourceFile): string[] {
  const lines = file.text.trimEnd().split('\n').length
  return isCode(file) && lines > linesMax ? [`${file.path}: ${lines} lines, at most ${linesMax} are allowed`] : []
}

const vague: ReadonlySet<string> = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'types',
  'common',
  'misc',
  'shared',
  'lib',
])

/** A name that says nothing about what is inside. */
export function vagueName(file: SourceFile): string[] {
  if (isForeign(file.path)) return []
  const parts = file.path.split('/').map((part) => part.replace(/\..*$/, ''))
  const found = parts.find((part) => vague.has(part))
  return found === undefined ? [] : [`${file.path}: '${found}' says nothing about what is inside`]
}

const partsOfProtocol = ['README.md', 'index.ts', 'messages.ts', 'invariants.ts', 'codec.ts']

/** A folder of protocols/ that lacks a part, a test, or its place in the package's exports. */
export function incompleteProtocols(files: readonly SourceFile[], exports: readonly string[]): string[] {
  const folder = 'packages/synod/src/protocols/'
  const inside = files.map(({ path }) => path).filter((path) => path.startsWith(folder))
  const names = new Set(inside.flatMap((path) => path.slice(folder.length).split('/').slice(0, -1).slice(0, 1)))
  return [...names].flatMap((name) => {
    const own = new Set(inside.filter((path) => path.startsWith(`${folder}${name}/`)))
    const missing = partsOfProtocol.filter((part) => !own.has(`${folder}${name}/${part}`))
    if (![...own].some((path) => path.endsWith('.test.ts'))) missing.push('a test')
    if (!exports.includes(`./${name}`)) missing.push(`the export ./${name}`)
    return missing.map((part) => `protocols/${name} has no ${part}`)
  })
}

/** Test data that no code reads: neither the file nor a folder above it is named where tests could open it. */
export function deadTestdata(files: readonly SourceFile[]): string[] {
  const read = new Set<string>()
  for (const file of files.filter(isCode)) {
    for (const [, literal = ''] of file.text.matchAll(/['"`]([^'"`\n]*testdata[^'"`\n]*)['"`]/g)) {
      read.add(normalize(join(dirname(file.path), literal)).replace(/\/$/, ''))
    }
  }
  const isRead = (path: string): boolean => path !== '.' && (read.has(path) || isRead(dirname(path)))
  return files
    .filter(({ path }) => /(^|\/)testdata\//.test(path) && !/^(README|LICENSE)/.test(basename(path)))
    .flatMap(({ path }) => (isRead(path) ? [] : [`${path}: no test reads it`]))
}

/** Links from one page to another file of ours that is not there. */
export function deadLinks(file: SourceFile, exists: (path: string) => boolean): string[] {
  if (!file.path.endsWith('.md') || isForeign(file.path)) return []
  return [...file.text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^([a-z]+:|#)/.test(target)) return []
    const path = normalize(join(dirname(file.path), target.replace(/#.*$/, '')))
    return exists(path) ? [] : [`${file.path}: ${target} does not exist`]
  })
}

/** One room as the compiler knows it. */
export interface RoomConfig {
  readonly compilerOptions?: { readonly types?: readonly string[] }
  readonly references?: readonly { readonly path: string }[]
}

/** Where the linter's table of rooms and the compiler's references differ. */
export function differingRooms(
  rooms: Readonly<Record<string, readonly string[]>>,
  platformRooms: readonly string[],
  configs: Readonly<Record<string, RoomConfig>>,
): string[] {
  const names = new Set([...Object.keys(rooms), ...Object.keys(configs)])
  return [...names].flatMap((room) => {
    const table = rooms[room]
    const config = configs[room]
    if (table === undefined) return [`${room} is not in the table of rooms`]
    if (config === undefined) return [`${room} is in the table of rooms, and has no tsconfig.json`]
    const references = (config.references ?? []).map(({ path }) => path.replace(/^\.\.\//, '')).toSorted()
    const wanted = table.toSorted()
    const types = config.compilerOptions?.types ?? []
    const found: string[] = []
    if (references.join() !== wanted.join()) {
      found.push(
        `${room} may import ${wanted.join(', ') || 'nothing'}, and references ${references.join(', ') || 'nothing'}`,
      )
    }
    if (types.length > 0 && !platformRooms.includes(room)) {
      found.push(`${room} has the types of ${types.join(', ')}, and is no room of the platform`)
    }
    return found
  })
}

/** Addresses of a registry in a lockfile: whoever uses another registry could not install from it. */
export function registryAddresses(lockfile: string): string[] {
  return [...lockfile.matchAll(/"resolved": "(https?:[^"]*)"/g)].map(([, address = '']) => address)
}
