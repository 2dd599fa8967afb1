import { addressIn } from 'synod/member'
import { UsageError } from './exit.ts'

/** Where a server listens or is reached: an `http://` URL of which nothing but host and port matters. */
export interface Address {
  readonly host: string
  readonly port: number
  /** As others write it: `http://host:port`. */
  readonly url: string
  /** `http://` was written, not assumed. */
  readonly explicit: boolean
}

/** Reads `http://host:port`, or `host:port`. `flag` is named in what goes wrong. */
export function parseAddress(text: string, flag: string): Address {
  const explicit = text.startsWith('http://')
  if (text.startsWith('https://')) {
    throw new UsageError(`${flag}: ${text}: TLS is not supported yet; write an http:// URL on a network that you trust`)
  }
  if (!explicit && text.includes('://')) throw new UsageError(`${flag}: ${text}: only http:// URLs are known`)
  const address = addressIn(`${explicit ? '' : 'http://'}${text.replace(/\/$/, '')}`)
  if (address === undefined) {
    throw new UsageError(`${flag}: ${text}: expected http://host:port, such as http://127.0.0.1:2379`)
  }
  const host = address.host.toLowerCase()
  const { port } = address
  return { host, port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, explicit }
}

/** A list separated by commas; at least one. */
export function parseAddresses(text: string, flag: string): readonly Address[] {
  return text.split(',').map((one) => parseAddress(one.trim(), flag))
}

/** Only processes of this machine can reach it. */
export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** Every address of this machine: good for listening, useless for others to connect to. */
export function isWildcard({ host }: Address): boolean {
  return host === '0.0.0.0' || host === '::'
}
