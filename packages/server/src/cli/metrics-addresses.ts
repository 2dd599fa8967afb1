import { isLoopback, parseAddresses } from './addresses.ts'
import type { Address } from './addresses.ts'
import { UsageError } from './exit.ts'

const flag = '--listen-metrics-urls'

/** Where nothing but the state of a member is told. `others`: where its clients and peers connect. */
export function metricsAddresses(
  text: string | undefined,
  others: readonly Address[],
  warnings: string[],
): readonly Address[] {
  if (text === undefined) return []
  const secure = text.split(',').find((one) => one.trim().startsWith('https://'))
  if (secure !== undefined) {
    throw new UsageError(`${flag}: ${secure}: metrics are told in plaintext, on ports of their own: write http://`)
  }
  const addresses = parseAddresses(text, flag)
  for (const address of addresses) {
    const { host, port, url } = address
    if (port !== 0 && others.some((other) => other.port === port && other.host === host)) {
      throw new UsageError(`${flag}: ${url} is where clients or peers connect: give it a port of its own`)
    }
    if (isLoopback(address)) continue
    if (!address.explicit) {
      throw new UsageError(
        `${flag}: ${host}:${port} can be reached from other machines: write ${url} if that is what you want`,
      )
    }
    warnings.push(`the metrics are told on ${url} in plaintext, to whoever reaches it`)
  }
  return addresses
}
