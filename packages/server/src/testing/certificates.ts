import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { memberUri } from 'synod/runtime'
import type { PeerTls } from 'synod/runtime'
import { createAuthority, issue, type Authority, type Issued, type Purpose } from '../certificates/certificate.ts'

const dayMs = 86_400_000

/** One for clients whose subject is empty and that has no alternative names either, made by openssl; until 2126. */
export const withoutSubject = `-----BEGIN CERTIFICATE-----
MIIBaTCCAQ+gAwIBAgIUAc+s+R5LiW6DvPFumNkmp3JzgwYwCgYIKoZIzj0EAwIw
ADAgFw0yNjExMzAwOTU0MTFaGA8yMTI2MTEwNjA5NTQxMVowADBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABNsEl8hgFvkI+U0Nty9Wrlviu5U4BoIPwF3NbNMlmFsH
BrJiTVUioWJtSMxFT6xdE5nqAZ3fTdYRkJ5mpGhRhqqjZTBjMB0GA1UdDgQWBBSt
wBJuwAq7CRJ07LXPmFG9Z41KnDAfBgNVHSMEGDAWgBStwBJuwAq7CRJ07LXPmFG9
Z41KnDATBgNVHSUEDDAKBggrBgEFBQcDAjAMBgNVHRMBAf8EAjAAMAoGCCqGSM49
BAMCA0gAMEUCIQCn6KvdEzHNLidgSu/FOWnew1hCM91qIWyInGOYaLwBbwIgdH3I
1Z9DK4iYznIraB5tSSJaCBxDT5ckJqycYbc/dVU=
-----END CERTIFICATE-----
`

/** Makes certificates as a test wants them, valid or not. */
export class TestAuthority {
  readonly pem: string
  private readonly authority: Authority

  constructor(name = 'Synod authority of a test', to = 10) {
    const { certificate, key } = createAuthority(name, daysFromNow(-10), daysFromNow(to))
    this.pem = certificate
    this.authority = { certificate: new X509Certificate(certificate), key: createPrivateKey(key) }
  }

  issue({
    name = 'x',
    hosts = ['127.0.0.1'],
    members = [],
    purposes = ['server', 'client'],
    from = -1,
    to = 5,
  }: {
    readonly name?: string
    readonly hosts?: readonly string[]
    readonly members?: readonly string[]
    readonly purposes?: readonly Purpose[]
    /** In days from now. */
    readonly from?: number
    readonly to?: number
  } = {}): Issued {
    const uris = members.map(memberUri)
    const validity = { from: daysFromNow(from), to: daysFromNow(to) }
    return issue({ commonName: name, hosts, uris, purposes, ...validity }, this.authority)
  }

  /** As the other side of a connection sees it. */
  parsed(wanted: Parameters<TestAuthority['issue']>[0]): { readonly x509: X509Certificate } {
    return { x509: new X509Certificate(this.issue(wanted).certificate) }
  }

  /** For a transport: the certificate of these members. */
  peer(members: readonly string[], changes: Parameters<TestAuthority['issue']>[0] = {}): PeerTls {
    return peerTls(this.issue({ members, ...changes }), this.pem)
  }
}

export function peerTls({ certificate, key }: Issued, ca: string): PeerTls {
  const options = { cert: certificate, key, ca, minVersion: 'TLSv1.2' } as const
  const context = createSecureContext(options)
  return {
    options: () => options,
    context: () => context,
    onRenewed: () => () => undefined,
    refuses: () => undefined,
    firstNames: {},
  }
}

/** Writes `NAME.crt` and `NAME.key`, and answers with the two paths. */
export function writePair(
  directory: string,
  name: string,
  { certificate, key }: Issued,
): { cert: string; key: string } {
  mkdirSync(directory, { recursive: true })
  const files = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) }
  writeFileSync(files.cert, certificate)
  writeFileSync(files.key, key, { mode: 0o600 })
  return files
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMs)
}
