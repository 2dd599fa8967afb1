import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ChannelTls } from 'synod/grpc'
import { CommandError, messageOf, UsageError } from '../cli/exit.ts'
import { isYes, type Setting } from '../cli/options.ts'

/** etcdctl's flags, for every command that talks to a cluster. */
export const clientTlsSettings: readonly Setting[] = [
  { flag: '--cacert', argument: 'file', description: 'the authority that the cluster’s certificates are of, PEM' },
  { flag: '--cert', argument: 'file', description: 'certificate to show, where the cluster asks for one' },
  { flag: '--key', argument: 'file', description: 'the key of that certificate' },
  {
    flag: '--insecure-skip-tls-verify',
    description: 'believe any certificate: whoever is in between can read and change everything',
  },
]

export interface ClientTlsOptions {
  readonly cacert?: string
  readonly cert?: string
  readonly key?: string
  readonly insecureSkipTlsVerify?: boolean | string
}

/** undefined: nothing about TLS is given. Throws a `CommandError` that names the flag. */
export function clientTlsOf({ cacert, cert, key, insecureSkipTlsVerify }: ClientTlsOptions): ChannelTls | undefined {
  const insecureSkipVerify = isYes(insecureSkipTlsVerify)
  if (cacert === undefined && cert === undefined && key === undefined && !insecureSkipVerify) return undefined
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['--key', '--cert'] : ['--cert', '--key']
    throw new UsageError(`${given} is given without ${missing}: both are needed`)
  }
  const tls = { ca: read('--cacert', cacert), cert: read('--cert', cert), key: read('--key', key) }
  // What is wrong with a file is said before anything is tried.
  if (tls.ca !== undefined) mustBeUsable(`--cacert ${cacert}`, { ca: tls.ca })
  if (tls.cert !== undefined && tls.key !== undefined)
    mustBeUsable(`--cert ${cert} with --key ${key}`, { cert: tls.cert, key: tls.key })
  return { ...tls, insecureSkipVerify }
}

function read(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    const text = readFileSync(file, 'utf8')
    if (text.includes('-----BEGIN ')) return text
  } catch (error) {
    throw new CommandError(`${flag} ${file} cannot be read: ${messageOf(error)}`)
  }
  throw new CommandError(`${flag} ${file} is no file in PEM`)
}

function mustBeUsable(
  what: string,
  options: { readonly ca?: string; readonly cert?: string; readonly key?: string },
): void {
  try {
    createSecureContext(options)
  } catch (error) {
    throw new CommandError(`${what} cannot be used: ${messageOf(error)}`)
  }
}
