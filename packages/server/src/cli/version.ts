import { readFileSync } from 'node:fs'

/** Synod's own version, from the package's manifest: two folders up, from source and from the build alike. */
export function synodVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version)
  throw new Error('the package.json of @synod/server has no version')
}
