import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { whyUnusable, type Address } from '../addresses.ts'
import { ok, problem } from './finding.ts'
import type { Finding } from './finding.ts'

/** Whether a member could listen there. `member`: the process that has the directory, if one runs. */
export async function checkPort(flag: string, address: Address, member: number | undefined): Promise<Finding> {
  const { host, port, url } = address
  const check = `port ${port}`
  const code = await tryToListen(host, port)
  if (code === undefined) return ok(check, `${flag} ${url} is free`)
  if (code !== 'EADDRINUSE') {
    return problem(
      check,
      `${flag} ${url} ${whyUnusable[code] ?? `cannot be listened on (${code})`}`,
      'give another address',
    )
  }
  const owner = ownerOf(port)
  if (owner !== undefined && owner.pid === member)
    return ok(check, `${flag} ${url} is this member's (process ${owner.pid})`)
  const who =
    owner === undefined ? 'another process; who it is, only root can see' : `process ${owner.pid} (${owner.name})`
  return problem(check, `${flag} ${url} is in use by ${who}`, 'stop that, or choose another port')
}

/** Listens for an instant; undefined if that went well. */
async function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** As Linux tells it, of the processes that this user may look into. */
function ownerOf(port: number): { readonly pid: number; readonly name: string } | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listening(table, port)))
  if (inodes.size === 0) return undefined
  for (const pid of names('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of names(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '')?.[1]
      if (inode === undefined || !inodes.has(inode)) continue
      return { pid: Number(pid), name: attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? '?' }
    }
  }
  return undefined
}

/** The sockets that listen on this port (proc(5): state 0A; the port in hexadecimal). */
function listening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return (attempt(() => readFileSync(`/proc/net/${table}`, 'utf8')) ?? '').split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    return fields[1]?.endsWith(suffix) === true && fields[3] === '0A' ? (fields[9] ?? []) : []
  })
}

function names(directory: string): string[] {
  return attempt(() => readdirSync(directory)) ?? []
}

/** What cannot be looked into says nothing: processes end, and others belong to other users. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
