import { readdirSync, readFileSync } from 'node:fs'

export interface OpenFiles {
  readonly used: number
  readonly limit: number
}

/** Known where the system has a /proc; elsewhere 0. */
export function openFiles(): OpenFiles {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return { used: readdirSync('/proc/self/fd').length, limit: Number(limit ?? 0) }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { used: 0, limit: 0 }
    throw error
  }
}
