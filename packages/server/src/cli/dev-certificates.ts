import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientTlsOptions } from '../tls/client-settings.ts'
import { asArgument, certificateFlags } from './certificate-flags.ts'
import { quoted } from './shell.ts'

/** The certificates of a cluster in a terminal. */
export interface DevCertificates {
  flagsOf(member: string): string[]
  readonly client: Required<Pick<ClientTlsOptions, 'cacert' | 'cert' | 'key'>>
  /** For a command that follows; begins with a space. */
  readonly clientFlags: string
  /** What a shell is told once, instead. */
  readonly exports: readonly string[]
}

/** Those in the data directory; what is missing is made. */
export async function devCertificates(dataDir: string, nodes: number): Promise<DevCertificates> {
  const directory = join(dataDir, 'certificates')
  const names = Array.from({ length: nodes }, (_, i) => `m${i + 1}`)
  const missing = names.filter((name) => !existsSync(join(directory, 'members', name)))
  if (missing.length > 0) {
    const { createCertificates } = await import('../certificates/create.ts')
    const members = new Map(missing.map((name) => [name, ['127.0.0.1', 'localhost']]))
    createCertificates({ directory, members, clients: [], days: 365, authorityDays: 3650, renew: false })
  }
  const place = join(directory, 'clients', 'client')
  const client = { cacert: join(place, 'ca.crt'), cert: join(place, 'client.crt'), key: join(place, 'client.key') }
  return {
    flagsOf: (member) => certificateFlags(join(directory, 'members', member)).map(asArgument),
    client,
    clientFlags: ` --cacert ${quoted(client.cacert)} --cert ${quoted(client.cert)} --key ${quoted(client.key)}`,
    exports: Object.entries(client).map(([name, file]) => `export SYNOD_${name.toUpperCase()}=${quoted(file)}`),
  }
}
