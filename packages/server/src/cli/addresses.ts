import { addressIn } from 'synod/member'
import { UsageError } from './exit.ts'

/** Where a server listens or is reached: a URL of which nothing but scheme, host and port matters. */
export interface Address {
  readonly host: string
  readonly port: number
  /** By TLS. */
  readonly secure: boolean
  /** As others write it: `http://host:port`. */
  readonly url: string
  /** `http://` or `https://` was written, not assumed. */
  readonly explicit: boolean
}

type Scheme = 'http' | 'https'

/** Reads `http://host:port`, `https://host:port`, or `host:port`. `flag` is named in what goes wrong. */
export function parseAddress(text: string, flag: string, assumed: Scheme = 'http'): Address {
  const explicit = /^https?:\/\//.test(text)
  if (!explicit && text.includes('://')) {
    throw new UsageError(`${flag}: ${text}: only http:// and https:// URLs are known`)
  }
  const address = addressIn(`${explicit ? '' : `${assumed}://`}${text.replace(/\/$/, '')}`)
  if (address === undefined) {
    throw new UsageError(
      `${flag}: ${text}: expected http://host:port or https://host:port, such as http://127.0.0.1:2379`,
    )
  }
  const host = address.host.toLowerCase()
  const { port, secure } = address
  const url = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
  return { host, port, secure, url, explicit }
}

/** A list separated by commas; at least one. */
export function parseAddresses(text: string, flag: string, assumed: Scheme = 'http'): readonly Address[] {
  return text.split(',').map((one) => parseAddress(one.trim(), flag, assumed))
}

/** Why nobody can listen there, by the system's code for it. */
export const whyUnusable: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'is no address of this machine',
  EACCES: 'may not be used by this user',
  ENOTFOUND: 'has a host that nobody knows',
}

/** Only processes of this machine can reach it. */
export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** Every address of this machine: good for listening, useless for others to connect to. */
export function isWildcard({ host }: Address): boolean {
  return host === '0.0.0.0' || host === '::'
}
