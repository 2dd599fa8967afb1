import { UsageError } from '../cli/exit.ts'
import type { TlsVersion } from './settings.ts'

/** IANA's names, which etcd's flag takes, and OpenSSL's. Only such as keep what was recorded secret when a key is lost later. */
const suites: Readonly<Record<TlsVersion, Readonly<Record<string, string>>>> = {
  'TLSv1.2': {
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  },
  'TLSv1.3': {
    TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
    TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
    TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  },
}

/**
 * For OpenSSL. A version of TLS of which no suite is named has its own ones, as in etcd; where it is the only one, what is
 * named would mean nothing. Throws a `UsageError`.
 */
export function cipherList(text: string, min: TlsVersion, max: TlsVersion | undefined): string {
  const known = { ...suites['TLSv1.2'], ...suites['TLSv1.3'] }
  const names = text.split(',').map((one) => one.trim())
  for (const name of names) {
    if (!Object.hasOwn(known, name))
      throw new UsageError(
        `--cipher-suites: ${JSON.stringify(name)} is not known here: expected ${Object.keys(known).join(', ')}`,
      )
  }
  const spoken = (['TLSv1.2', 'TLSv1.3'] as const).filter((version) => min <= version && version <= (max ?? version))
  if (!names.some((name) => spoken.some((version) => Object.hasOwn(suites[version], name))))
    throw new UsageError(
      `--cipher-suites: none of ${names.join(', ')} is of a version that is spoken: ${spoken.join(', ')}`,
    )
  const chosen = (['TLSv1.3', 'TLSv1.2'] as const).flatMap((version) => {
    const own = names.filter((name) => Object.hasOwn(suites[version], name))
    return (own.length === 0 ? Object.keys(suites[version]) : own).map((name) => suites[version][name] ?? '')
  })
  return chosen.join(':')
}
