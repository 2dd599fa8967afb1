import { isLoopback, parseAddresses } from './addresses.ts'
import type { Address } from './addresses.ts'
import { UsageError } from './exit.ts'

const flag = '--listen-metrics-urls'

/**
 * Where nothing but the state of a member is told. `hasCertificate`: clients can be shown one, and who comes by https:// here is
 * shown the same. `others`: where clients and peers connect.
 */
export function metricsAddresses(
  text: string | undefined,
  hasCertificate: boolean,
  others: readonly Address[],
  warnings: string[],
): readonly Address[] {
  if (text === undefined) return []
  const addresses = parseAddresses(text, flag)
  for (const address of addresses) {
    const { host, port, secure, url } = address
    if (secure && !hasCertificate) {
      throw new UsageError(
        `${flag}: ${url} needs --cert-file and --key-file, as the client port does: \`synod certificates create\` makes them`,
      )
    }
    if (port !== 0 && others.some((other) => other.port === port && other.host === host)) {
      throw new UsageError(`${flag}: ${url} is where clients or peers connect: give it a port of its own`)
    }
    if (secure || isLoopback(address)) continue
    if (!address.explicit) {
      throw new UsageError(
        `${flag}: ${host}:${port} can be reached from other machines: write ${url.replace('http:', 'https:')}, with --cert-file ` +
          `and --key-file, or ${url} if plaintext is what you want`,
      )
    }
    warnings.push(`the metrics are told on ${url} in plaintext, to whoever reaches it`)
  }
  return addresses
}
